import { array, assert, constantFrom, integer, nat, option, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { type Claim, claimOf, places } from './admission.ts';
import { lineOf, worthShowing } from './queue.ts';

const RUN = { deleting: false, managedByOther: false, suspend: false, cancel: false, generation: 2 };
const condition = (type: string, status: 'True' | 'False', observedGeneration = 2) => ({
  conditions: [
    {
      type,
      status,
      observedGeneration,
      reason: 'R',
      message: '',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
});
const PLACE = { position: 1, waiting: 1, limit: 1, scope: 'Namespace' } as const;

test.each<[string, Partial<typeof RUN>, Parameters<typeof claimOf>[1], Claim]>([
  ['a new run waits', {}, {}, 'waits'],
  ['a run with an attempt holds', {}, { attempt: 1 }, 'holds'],
  [
    'a run that ended and is not cleaned up holds',
    {},
    { attempt: 1, ...condition('Failed', 'True') },
    'holds',
  ],
  ['a run that is cleaned up wants none', {}, { attempt: 1, ...condition('CleanedUp', 'True') }, 'none'],
  ['a run that is being suspended holds', { suspend: true }, { attempt: 1 }, 'holds'],
  [
    'a suspended run wants none',
    { suspend: true },
    { attempt: 1, ...condition('Suspended', 'True') },
    'none',
  ],
  ['a resumed run waits', {}, { attempt: 1, ...condition('Suspended', 'True') }, 'waits'],
  ['a resumed run in line waits', {}, { attempt: 1, queue: PLACE }, 'waits'],
  ['a started run that is deleted holds while it is there', { deleting: true }, { attempt: 1 }, 'holds'],
  ['a deleted run that never started wants none', { deleting: true }, {}, 'none'],
  ['a cancelled run that never started wants none', { cancel: true }, {}, 'none'],
  ['a spec that cannot be run keeps nobody waiting', {}, condition('Accepted', 'False'), 'none'],
  ['a spec that was corrected waits', {}, condition('Accepted', 'False', 1), 'waits'],
  ['a run of another controller wants none', { managedByOther: true }, { attempt: 1 }, 'none'],
])('%s', (_, change, status, claim) => {
  expect(claimOf({ ...RUN, ...change }, status)).toBe(claim);
});

const line = (...namespaces: string[]) =>
  namespaces.map((namespace, index) => ({ key: `${namespace}/${index}`, namespace }));
const held = (inNamespace: Record<string, number>) => ({
  all: Object.values(inNamespace).reduce((sum, count) => sum + count, 0),
  inNamespace: new Map(Object.entries(inNamespace)),
});

test('a run that its namespace holds back takes no turn from another namespace', () => {
  const found = places(line('a', 'a', 'b', 'b', 'b'), held({ a: 1 }), { all: 2, perNamespace: 1 });
  expect(Object.fromEntries(found)).toEqual({
    'a/0': { position: 1, waiting: 2, limit: 1, scope: 'Namespace' },
    'a/1': { position: 2, waiting: 2, limit: 1, scope: 'Namespace' },
    'b/3': { position: 1, waiting: 2, limit: 1, scope: 'Namespace' },
    'b/4': { position: 2, waiting: 2, limit: 1, scope: 'Namespace' },
  });
  const full = places(line('a', 'b'), held({ a: 1, c: 1 }), { all: 2, perNamespace: 1 });
  expect(full.get('b/1')).toEqual({ position: 1, waiting: 1, limit: 2, scope: 'Cluster' });
});

test('whatever waits: no limit is passed, no slot stays empty, and nobody of a namespace is overtaken in it', () => {
  const limit = option(integer({ min: 1, max: 6 }), { nil: undefined });
  const inNamespace = record({ a: nat(4), b: nat(4), c: nat(4) });
  assert(
    property(
      array(constantFrom('a', 'b', 'c'), { maxLength: 25 }),
      inNamespace,
      record({ all: limit, perNamespace: limit }),
      (namespaces, holders, limits) => {
        const waiting = line(...namespaces);
        const before = held(holders);
        const found = places(waiting, before, limits);
        const begun = waiting.filter(({ key }) => !found.has(key));
        const perNamespace = limits.perNamespace ?? Infinity;
        const all = limits.all ?? Infinity;
        expect(begun.length).toBeLessThanOrEqual(Math.max(0, all - before.all));
        for (const [namespace, count] of before.inNamespace) {
          const own = waiting.filter((each) => each.namespace === namespace);
          const began = own.filter(({ key }) => !found.has(key));
          expect(began.length).toBeLessThanOrEqual(Math.max(0, perNamespace - count));
          expect(began, 'the first of them').toEqual(own.slice(0, began.length));
          const room = count + began.length < perNamespace && before.all + begun.length < all;
          expect(room && began.length < own.length, 'a slot stays empty').toBe(false);
        }
      },
    ),
  );
});

test('a place is shown anew once it has halved, so n waiting runs cost n·log2(n) writes at most', () => {
  const n = 1000;
  let writes = 0;
  let shown: { position: number } | undefined;
  for (let position = n; position >= 1; position--) {
    if (!worthShowing({ ...PLACE, position }, shown)) continue;
    shown = { position };
    writes++;
  }
  expect(shown).toEqual({ position: 1 });
  expect(writes).toBeLessThanOrEqual(1 + Math.log2(n));
});

test.each([
  [1, '1st'],
  [2, '2nd'],
  [3, '3rd'],
  [4, '4th'],
  [11, '11th'],
  [112, '112th'],
  [121, '121st'],
])('place %i reads %s', (position, text) => {
  expect(lineOf({ position, waiting: 200, limit: 5, scope: 'Namespace' }, 'etl')).toBe(
    `${text} of 200 waiting; limit 5 runs in namespace etl`,
  );
});
