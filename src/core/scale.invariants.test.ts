import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Demand, DrainState, Load, WorkerLoad } from './load.ts';
import {
  adapt,
  busy,
  GIB,
  group,
  input,
  load,
  member,
  members,
  NOW,
  steady,
  tasks,
  worker,
  workers,
} from './scale.fixture.ts';
import { apply, check, isRest } from './scale.invariants.fixture.ts';
import { scale } from './scale.ts';
import type { Member, ScalingInput, WorkerGroup } from './scaling-input.ts';

const DRAINS: readonly (DrainState | undefined)[] = [
  undefined,
  'moving',
  'executing',
  'retiring',
  'retired',
  'failed',
];

const workerLoads: fc.Arbitrary<WorkerLoad> = fc
  .record({
    working: fc.boolean(),
    paused: fc.boolean(),
    backlog: fc.nat(3),
    executing: fc.nat(2),
    longRunning: fc.integer({ min: 0, max: 1 }),
    pinned: fc.boolean(),
    bytes: fc.constantFrom(0, 0, GIB, 3 * GIB),
    memoryLimitBytes: fc.constantFrom(0, 4 * GIB, 8 * GIB),
    drain: fc.constantFrom(undefined, undefined, undefined, ...DRAINS),
  })
  .map(({ backlog, working, ...rest }) => ({
    ...rest,
    threads: 2,
    working: working || rest.drain === undefined,
    processing: backlog + rest.executing,
  }));

const demands: fc.Arbitrary<Demand> = fc
  .record({
    resources: fc.constantFrom({}, {}, { GPU: 1 }, { GPU: 2 }, { FPGA: 1 }),
    tasks: fc.nat(30),
    each: fc.double({ min: 0, max: 20, noNaN: true }),
    unknown: fc.nat(5),
  })
  .map(({ each, ...rest }) => ({
    ...rest,
    unknown: Math.min(rest.unknown, rest.tasks),
    seconds: rest.tasks * each,
  }));

const loads: fc.Arbitrary<Load> = fc.record({
  at: fc.constant(NOW),
  demand: fc.array(demands, { maxLength: 3 }),
  keysWanted: fc.boolean(),
  scattersWaiting: fc.constantFrom(0, 0, 0, 2),
  finished: fc.nat(1),
  flowSeen: fc.boolean(),
  idleSeconds: fc.constantFrom(0, 10, 100),
  workers: fc
    .uniqueArray(fc.tuple(fc.nat(14), workerLoads), { selector: ([ordinal]) => ordinal, maxLength: 12 })
    .map((list) => new Map(list)),
});

const windows = fc
  .array(loads, { maxLength: 4 })
  .map((list) => list.map((each, index) => ({ ...each, at: NOW - (list.length - 1 - index) * 1000 })));

const shapes: fc.Arbitrary<Omit<WorkerGroup, 'members' | 'name'>> = fc.record({
  minimum: fc.nat(2),
  maximum: fc.integer({ min: 2, max: 20 }),
  threads: fc.constantFrom(1, 2, 4),
  memoryBytes: fc.constantFrom(undefined, 4 * GIB),
  resources: fc.constantFrom({}, {}, { GPU: 1 }, { GPU: 2, FPGA: 1 }),
  blocked: fc.constantFrom(undefined, undefined, undefined, 'quota'),
});

/** Each of the ordinals 0 to 14 is a member of one group, or of none. */
const memberships = fc.array(
  fc.record({
    group: fc.constantFrom(0, 1, 2, undefined),
    pod: fc.constantFrom<Member['pod'][]>('pending', 'started', 'started'),
    leaving: fc.constantFrom(false, false, true),
  }),
  { maxLength: 15 },
);

const inputs: fc.Arbitrary<ScalingInput> = fc
  .record({
    shapes: fc.array(shapes, { minLength: 1, maxLength: 3 }),
    memberships,
    window: windows,
    runningSince: fc.constantFrom(undefined, 0, NOW - 30_000),
    refusals: fc
      .array(fc.tuple(fc.nat(14), fc.constantFrom(NOW - 1, NOW, NOW + 1)), { maxLength: 3 })
      .map((list) => new Map(list.map(([ordinal, until]) => [ordinal, { times: 1, until }]))),
    adapt: fc.record({
      minimum: fc.nat(4),
      maximum: fc.integer({ min: 1, max: 25 }),
      minimumCores: fc.constantFrom(0, 0, 3),
      maximumCores: fc.constantFrom(Infinity, Infinity, 7),
      minimumMemoryBytes: fc.constantFrom(0, 0, 10 * GIB),
      maximumMemoryBytes: fc.constantFrom(Infinity, Infinity, 30 * GIB),
      intervalSeconds: fc.constant(1),
      waitCount: fc.integer({ min: 1, max: 4 }),
      targetSeconds: fc.constantFrom(1, 5, 60),
      idleTimeoutSeconds: fc.constantFrom(undefined, undefined, 50),
    }),
  })
  .map(({ shapes, memberships, ...rest }) => ({
    ...rest,
    now: NOW,
    groups: shapes.map((shape, index) => ({
      ...shape,
      // Minima that exceed the maximum together are refused before they come here.
      minimum:
        shapes.reduce((sum, { minimum }) => sum + minimum, 0) <= rest.adapt.maximum ? shape.minimum : 0,
      name: `group-${index}`,
      members: memberships.flatMap(({ group, ...each }, ordinal) =>
        group === index ? [{ ...each, ordinal }] : [],
      ),
    })),
  }));

describe('every decision', () => {
  it('keeps the invariants, whatever the input', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        expect(check(given).why).toMatch(/^[A-Z0-9].*\.$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('changes nothing of its input, and is the same for the same input', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const before = structuredClone(given);
        expect(scale(given)).toEqual(scale(before));
        expect(given).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('never asks for fewer workers when there are more tasks of the same kinds', () => {
    const one = fc.record({
      window: windows,
      shapes,
      members: fc.nat(6),
      factor: fc.integer({ min: 2, max: 9 }),
    });
    fc.assert(
      fc.property(one, ({ window, shapes, members: size, factor }) => {
        const groups = [{ ...shapes, name: 'default', members: members(size) }];
        const newest = window.at(-1);
        if (newest === undefined) return;
        const more = newest.demand.map((row) => ({
          ...row,
          tasks: row.tasks * factor,
          unknown: row.unknown * factor,
          seconds: row.seconds * factor,
        }));
        const few = scale(input({ groups, window }));
        const many = scale(input({ groups, window: [...window.slice(0, -1), { ...newest, demand: more }] }));
        expect(many.target).toBeGreaterThanOrEqual(few.target);
        expect(many.desired.get('default')).toBeGreaterThanOrEqual(few.desired.get('default') ?? 0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('every small world', () => {
  const STATES = [
    undefined,
    { pod: 'pending', leaving: false, seen: undefined },
    { pod: 'started', leaving: false, seen: undefined },
    { pod: 'started', leaving: false, seen: worker({ bytes: GIB }) },
    { pod: 'started', leaving: false, seen: busy() },
    { pod: 'started', leaving: false, seen: worker({ pinned: true }) },
    { pod: 'started', leaving: true, seen: worker({ drain: 'moving', working: false }) },
    { pod: 'started', leaving: true, seen: worker({ drain: 'failed', working: false }) },
  ] as const;

  /** All members that three places can hold. */
  function* worlds(): Generator<{ members: Member[]; seen: Map<number, WorkerLoad> }> {
    for (let number = 0; number < STATES.length ** 3; number++) {
      const places = [0, 1, 2].map(
        (place) => STATES[Math.floor(number / STATES.length ** place) % STATES.length],
      );
      yield {
        members: places.flatMap((state, ordinal) =>
          state === undefined ? [] : [member(ordinal, { pod: state.pod, leaving: state.leaving })],
        ),
        seen: new Map(
          places.flatMap((state, ordinal) =>
            state?.seen === undefined ? [] : [[ordinal, state.seen] as const],
          ),
        ),
      };
    }
  }

  it.each([
    { minimum: 0, maximum: 1 },
    { minimum: 0, maximum: 3 },
    { minimum: 2, maximum: 3 },
  ])(
    'of three workers keeps the invariants and comes to rest, minimum $minimum and maximum $maximum',
    (bounds) => {
      let changed = 0;
      for (const { members, seen } of worlds()) {
        for (const number of [0, 1, 5]) {
          for (const keysWanted of [false, true]) {
            for (const [length, blocked] of [
              [1, undefined],
              [3, undefined],
              [3, 'quota'],
            ] as const) {
              const demand = number > 0 ? [tasks(number, 4)] : [];
              const newest = load({ demand, keysWanted, workers: seen });
              const given = input({
                adapt: adapt(bounds),
                groups: [group({ members, blocked })],
                window: steady(newest, length),
              });
              const decision = check(given);
              if (isRest(decision)) continue;
              changed += 1;
              expect(isRest(scale(apply(given, decision))), 'needs a second step').toBe(true);
            }
          }
        }
      }
      expect(changed).toBeGreaterThan(1000);
    },
  );
});

describe('the absurd', () => {
  it('is survived: numbers of tasks and seconds without measure', () => {
    const demand = [{ resources: { GPU: 1e300 }, tasks: 1e9, unknown: 1e9, seconds: 9e15 }, tasks(1e9, 1e6)];
    const decision = check(
      input({ adapt: adapt({ maximum: 500 }), window: [load({ demand, workers: workers() })] }),
    );
    expect(decision.add.get('default')).toBe(500);
  });
});
