import { expect, test } from 'vitest';
import { standstill } from './standstill.ts';

const never = new AbortController().signal;

test('what does not move is waited for as many looks as fit into the time', async () => {
  let looks = 0;
  await standstill(
    () => {
      looks += 1;
      return 'same';
    },
    0.5,
    never,
  );
  // The first one is what the others are compared with.
  expect(looks).toBe(3);
});

test('whatever moves has all its time again', async () => {
  let looks = 0;
  await standstill(() => String(Math.min((looks += 1), 4)), 0.5, never);
  expect(looks).toBe(6);
});

test('it ends when it is interrupted', async () => {
  const interrupted = AbortSignal.timeout(20);
  await standstill(() => 'same', 600, interrupted);
  expect(interrupted.aborted).toBe(true);
});
