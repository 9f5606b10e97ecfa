import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('so many at once, the others in order', async () => {
  const slots = new Slots(2);
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const started: number[] = [];
  const all = gates.map((gate, n) =>
    slots.run(() => {
      started.push(n);
      return gate.promise;
    }),
  );
  await settle();
  expect(started).toEqual([0, 1]);
  gates[1]?.resolve();
  await all[1];
  await settle();
  expect(started).toEqual([0, 1, 2]);
  gates.forEach((gate) => gate.resolve());
  await Promise.all(all);
  expect(started).toEqual([0, 1, 2, 3]);
});

test('work that throws gives its slot back', async () => {
  const slots = new Slots(1);
  await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(slots.run(() => Promise.resolve(7))).resolves.toBe(7);
});

test('what is aborted while it waits is not run, and takes no slot', async () => {
  const slots = new Slots(1);
  const gate = Promise.withResolvers<void>();
  const first = slots.run(() => gate.promise);
  const abort = new AbortController();
  const second = slots.run(() => Promise.reject(new Error('ran')), abort.signal);
  abort.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  gate.resolve();
  await first;
  await expect(slots.run(() => Promise.resolve(7))).resolves.toBe(7);
});
