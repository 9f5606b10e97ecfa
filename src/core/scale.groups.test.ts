import { describe, expect, it } from 'vitest';

import {
  adapt,
  busy,
  GIB,
  group,
  input,
  load,
  member,
  members,
  steady,
  tasks,
  worker,
  workers,
} from './scale.fixture.ts';
import { scale } from './scale.ts';
import type { ScalingInput } from './scaling-input.ts';

const GPU = { GPU: 1 };
const plain = group();
const gpu = group({ name: 'gpu', resources: GPU });

function added(given: Partial<ScalingInput>): Record<string, number> {
  return Object.fromEntries(scale(input(given)).add);
}

describe('work and the groups that can do it', () => {
  it.each([
    ['plain tasks are for plain workers', [plain, gpu], [tasks(3, 5)], { default: 3 }],
    ['also when those with resources come first', [gpu, plain], [tasks(3, 5)], { default: 3 }],
    ['plain tasks go to workers with resources where there are no others', [gpu], [tasks(3, 5)], { gpu: 3 }],
    ['tasks go to a group that has what they demand', [plain, gpu], [tasks(3, 5, GPU)], { gpu: 3 }],
    [
      'each group is scaled by its own work',
      [plain, gpu],
      [tasks(2, 5), tasks(3, 5, GPU)],
      { default: 2, gpu: 3 },
    ],
    [
      'a worker runs as many at once as its resources permit, whatever its threads',
      [group({ name: 'gpu', threads: 8, resources: { GPU: 2 } })],
      [tasks(6, 60, GPU)],
      { gpu: 3 },
    ],
    [
      'threads that resources leave idle run plain tasks',
      [group({ name: 'gpu', threads: 4, resources: GPU })],
      [tasks(3, 60, GPU), tasks(9, 60)],
      { gpu: 3 },
    ],
    [
      'fractions add up as a person reckons',
      [group({ name: 'memory', threads: 8, resources: { MEM: 0.3 } })],
      [tasks(6, 60, { MEM: 0.1 })],
      { memory: 2 },
    ],
    [
      'the group with the fewest kinds of resources is preferred',
      [group({ name: 'all', resources: { GPU: 1, FAST: 1 } }), gpu],
      [tasks(2, 5, GPU)],
      { gpu: 2 },
    ],
    [
      'what one group cannot take, the next does',
      [group({ maximum: 2 }), group({ name: 'more' })],
      [tasks(5, 5)],
      { default: 2, more: 3 },
    ],
    [
      'a blocked group stops no other that can do its work',
      [group({ blocked: 'quota' }), group({ name: 'more' })],
      [tasks(5, 5)],
      { more: 5 },
    ],
    [
      'nor one with other work',
      [group({ blocked: 'quota' }), gpu],
      [tasks(5, 5), tasks(2, 5, GPU)],
      { gpu: 2 },
    ],
    [
      'what no group can run makes for one worker, to be seen waiting',
      [plain],
      [tasks(4, 5, GPU)],
      { default: 1 },
    ],
  ])('%s', (_, groups, demand, expected) => {
    expect(added({ groups, window: [load({ demand })] })).toEqual(expected);
  });

  it('says what no group can run', () => {
    expect(scale(input({ window: [load({ demand: [tasks(4, 5, GPU)] })] })).why).toContain(
      '4 tasks for {"GPU":1}, which no worker has',
    );
  });

  it('keeps work where it runs rather than prefer a group', () => {
    const groups = [
      group({ members: members(2) }),
      group({ name: 'more', members: [member(2), member(3), member(4)] }),
    ];
    const list = workers(busy(), worker(), busy(), busy(), worker());
    const decision = scale(input({ groups, window: steady(load({ demand: [tasks(3, 5)], workers: list })) }));
    expect(decision).toMatchObject({ add: new Map(), cancel: [], retire: [1, 4] });
  });

  it('lets workers with resources go that only plain tasks keep busy', () => {
    const groups = [group({ members: [member(0)] }), { ...gpu, members: [member(1), member(2)] }];
    const list = workers(busy(), busy(), worker());
    const decision = scale(input({ groups, window: steady(load({ demand: [tasks(2, 5)], workers: list })) }));
    expect(decision).toMatchObject({ add: new Map([['default', 1]]), retire: [2, 1] });
  });

  it('neither adds to a blocked group nor gives up what it waits for', () => {
    const groups = [
      group({
        blocked: 'unschedulable',
        members: [member(0, { pod: 'pending' }), member(1, { pod: 'pending' })],
      }),
    ];
    const decision = scale(input({ groups, window: steady(load({ demand: [tasks(5, 5)] })) }));
    expect(decision).toMatchObject({ add: new Map(), cancel: [], target: 5 });
    expect(decision.why).toContain('no further default workers (unschedulable)');
  });

  it('gives the room of pods that cannot start to a group that can use it', () => {
    const stuck = group({ blocked: 'unschedulable', members: members(4, { pod: 'pending' }) });
    const groups = [stuck, group({ name: 'more' })];
    const window = steady(load({ demand: [tasks(4, 5)] }));
    const decision = scale(input({ groups, window, adapt: adapt({ maximum: 4 }) }));
    expect(decision).toMatchObject({ cancel: [3, 2, 1, 0], add: new Map([['more', 4]]) });
  });

  it('keeps the last worker in place, whatever group it is of', () => {
    const groups = [plain, { ...gpu, members: [member(0), member(1)] }];
    const window = steady(load({ keysWanted: true, workers: workers(worker({ bytes: 1 }), worker()) }));
    expect(scale(input({ groups, window }))).toMatchObject({ add: new Map(), retire: [1] });
  });
});

describe('limits over all groups', () => {
  const both = [tasks(90, 60), tasks(10, 60, GPU)];

  it.each([
    ['in proportion to the demand', both, adapt({ maximum: 20 }), { default: 18, gpu: 2 }],
    ['one for each group with demand at least', both, adapt({ maximum: 3 }), { default: 2, gpu: 1 }],
    ['one for each before any gets two', both, adapt({ maximum: 2 }), { default: 1, gpu: 1 }],
    ['by threads', both, adapt({ maximum: 500, maximumCores: 4 }), { default: 3, gpu: 1 }],
    ['by memory', both, adapt({ maximum: 500, maximumMemoryBytes: 11 * GIB }), { default: 1, gpu: 1 }],
  ])('divide what there is %s', (_, demand, limits, expected) => {
    expect(added({ groups: [plain, gpu], adapt: limits, window: [load({ demand })] })).toEqual(expected);
  });

  it.each([
    ['the least number', adapt({ minimum: 3 }), { default: 3 }],
    ['the least number of threads', adapt({ minimumCores: 4 }), { default: 4 }],
    ['the least memory', adapt({ minimumMemoryBytes: 9 * GIB }), { default: 3 }],
    ['no more than the maximum', adapt({ minimum: 3, maximum: 2 }), { default: 2 }],
  ])('are reached with plain workers: %s', (_, limits, expected) => {
    expect(added({ groups: [gpu, plain], adapt: limits, window: [load()] })).toEqual(expected);
  });

  it('hold for each group too', () => {
    const groups = [group({ minimum: 1, maximum: 2 }), { ...gpu, minimum: 2 }];
    expect(added({ groups, window: [load({ demand: [tasks(9, 60)] })] })).toEqual({ default: 2, gpu: 2 });
  });

  it('count a worker until its pod is gone', () => {
    const groups = [group({ members: members(3) }), { ...gpu, members: [member(3, { leaving: true })] }];
    const list = workers(busy(), busy(), busy(), worker({ drain: 'retired' }));
    const window = [load({ demand: [tasks(9, 60)], workers: list })];
    expect(added({ groups, adapt: adapt({ maximum: 5 }), window })).toEqual({ default: 1 });
  });

  it('move from a group to another only after patience, and never by more than there is room', () => {
    const groups = [group({ members: members(4) }), gpu];
    const list = workers(busy(), busy(), busy(), busy());
    const hungry = load({ demand: [tasks(40, 60), tasks(4, 60, GPU)], workers: list });
    const before = { ...hungry, demand: [tasks(40, 60)] };
    const [first, second] = steady(before);
    const few = { groups, adapt: adapt({ maximum: 4 }) };
    expect(scale(input({ ...few, window: [first!, second!, hungry] }))).toMatchObject({
      add: new Map(),
      retire: [],
    });
    expect(scale(input({ ...few, window: steady(hungry) }))).toMatchObject({ add: new Map(), retire: [3] });
  });
});

describe('a maximum below the number of groups with work', () => {
  const one = adapt({ maximum: 1 });
  const groups = [group({ members: members(1) }), gpu];
  const both = (worker: ReturnType<typeof busy>) =>
    load({ demand: [tasks(3, 60), tasks(2, 60, GPU)], workers: workers(worker) });
  const crowded = (given: Partial<ScalingInput>) => scale(input({ groups, adapt: one, ...given })).crowdedOut;
  const waiting = [tasks(2, 60, GPU)];

  it('keeps the tasks of one waiting, which is said once it has lasted', () => {
    expect(crowded({ window: steady(both(busy())) })).toEqual(waiting);
    expect(crowded({ window: steady(both(busy()), 2) })).toEqual([]);
    const [first, ...rest] = steady(both(busy()));
    expect(crowded({ window: [{ ...first!, demand: [tasks(3, 60)] }, ...rest] })).toEqual([]);
  });

  it('lets nobody in as long as the last worker holds results', () => {
    const holds = load({ demand: waiting, keysWanted: true, workers: workers(worker({ bytes: 9 })) });
    expect(crowded({ window: steady(holds) })).toEqual(waiting);
  });

  it.each([
    ['there is room', { adapt: adapt({ maximum: 2 }) }],
    ['somebody leaves', { groups: [group({ members: members(1, { leaving: true }) }), gpu] }],
    ['a worker that is there can run them', { groups: [plain, { ...gpu, members: members(1) }] }],
    ['one is on its way', { groups: [plain, { ...gpu, members: members(1, { pod: 'pending' }) }] }],
    [
      'their group can have none at present, which is told',
      { groups: [groups[0]!, { ...gpu, blocked: 'quota' }] },
    ],
    ['nobody can ever run them, which is told', { groups: [groups[0]!] }],
  ])('is not blamed where %s', (_, given) => {
    expect(crowded({ window: steady(both(busy())), ...given })).toEqual([]);
  });
});
