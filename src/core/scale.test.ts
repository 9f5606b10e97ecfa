import { describe, expect, it } from 'vitest';

import type { WorkerLoad } from './load.ts';
import {
  adapt,
  busy,
  changes,
  group,
  idle,
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
import { scale } from './scale.ts';
import type { ScalingInput } from './scaling-input.ts';

function added(given: Partial<ScalingInput>): number {
  return scale(input(given)).add.get('default') ?? 0;
}

describe('scaling up', () => {
  it.each([
    ['as many as do the work within the target', [tasks(20, 1)], 4],
    ['whole tasks per thread: one of 3 s fits into 5 s', [tasks(4, 3)], 4],
    ['never more than there are tasks', [tasks(2, 100)], 2],
    ['one for work that takes no time', [tasks(1000, 0)], 1],
    ['one for each task of unknown duration', [tasks(7, 0.5, {}, 7)], 7],
    ['the maximum at most', [tasks(1000, 10)], 10],
  ])('at once, from a single answer: %s', (_, demand, expected) => {
    expect(added({ window: [load({ demand })] })).toBe(expected);
  });

  it.each([
    [100, 60, 4, 25],
    [101, 60, 4, 26],
    [100, 0.1, 4, 1],
  ])('divides %i tasks of %d s by %i threads each: %i workers', (count, each, threads, expected) => {
    const groups = [group({ threads })];
    expect(
      added({ groups, adapt: adapt({ maximum: 500 }), window: [load({ demand: [tasks(count, each)] })] }),
    ).toBe(expected);
  });

  it('counts pods that have not started, and not those that leave', () => {
    const groups = [
      group({ members: [member(0), member(1, { pod: 'pending' }), member(2, { leaving: true })] }),
    ];
    const window = [load({ demand: [tasks(4, 5)], workers: workers(worker()) })];
    expect(changes({ groups, window })).toEqual({ add: new Map([['default', 2]]) });
  });

  it('takes back what is being retired before it adds pods, the least advanced first', () => {
    const groups = [group({ members: members(4, { leaving: true }) })];
    const drains = workers(
      worker({ drain: 'retiring' }),
      worker({ drain: 'retired' }),
      worker({ drain: 'moving' }),
      worker(),
    );
    const give = (count: number) =>
      changes({ groups, window: [load({ demand: [tasks(count, 5)], workers: drains })] });
    expect(give(1)).toEqual({ giveBack: [3] });
    expect(give(3)).toEqual({ giveBack: [3, 2, 0] });
    expect(give(5)).toEqual({ giveBack: [3, 2, 0], add: new Map([['default', 2]]) });
  });

  it('is the demand of a waiting scatter, and of a cluster whose workers are all paused', () => {
    expect(added({ window: [load({ scattersWaiting: 3 })] })).toBe(1);
    const paused = workers(busy({ paused: true }), busy({ paused: true }));
    const groups = [group({ members: members(2) })];
    expect(added({ groups, window: [load({ demand: [tasks(3, 1)], workers: paused })] })).toBe(1);
    expect(added({ groups, window: [load({ scattersWaiting: 1, workers: paused })] })).toBe(1);
  });
});

describe('a worker that is paused for lack of memory', () => {
  const pausedWith = (executing: number, processing: number) =>
    busy({ paused: true, executing, processing, threads: 2 });
  const groups = [group({ members: members(1) })];

  it.each([
    ['its running tasks end there: nobody comes for them', 2, 2, 0],
    ['another comes for a task that it has not begun', 1, 2, 1],
    ['as many come for others as have work', 2, 7, 5],
  ])('%s', (_, executing, count, expected) => {
    const window = [load({ demand: [tasks(count, 9)], workers: workers(pausedWith(executing, count)) })];
    expect(added({ groups, window })).toBe(expected);
  });

  it('stays while it has work, and one that is idle beside it goes', () => {
    const window = steady(load({ demand: [tasks(1, 9)], workers: workers(pausedWith(1, 1), worker()) }));
    expect(changes({ groups: [group({ members: members(2) })], window })).toEqual({ retire: [1] });
  });
});

describe('scaling down', () => {
  const groups = [group({ members: members(5) })];

  it('waits for a complete window and goes to the highest of it', () => {
    expect(changes({ groups, window: steady(idle(5), 2) })).toEqual({});
    expect(changes({ groups, window: steady(idle(5), 3) })).toEqual({ retire: [4, 3, 2, 1, 0] });
    const [first, second, third] = steady(idle(5));
    const peak = { ...second!, demand: [tasks(3, 5)] };
    expect(changes({ groups, window: [first!, peak, third!] })).toEqual({ retire: [4, 3] });
  });

  it('cancels pods that have not started, newest first, then those that have not joined, then workers', () => {
    const pods = [
      group({
        members: [
          member(0),
          member(1),
          member(2, { pod: 'pending' }),
          member(3, { pod: 'pending' }),
          member(4),
        ],
      }),
    ];
    const give = (count: number) =>
      changes({
        groups: pods,
        window: steady(
          load({ demand: count > 0 ? [tasks(count, 5)] : [], workers: workers(worker(), worker()) }),
        ),
      });
    expect(give(4)).toEqual({ cancel: [3] });
    expect(give(2)).toEqual({ cancel: [3, 2, 4] });
    expect(give(0)).toEqual({ cancel: [3, 2, 4], retire: [1, 0] });
  });

  it.each([
    ['the idle one', [busy(), worker({ bytes: 9 }), busy()], 1],
    ['the one that holds least', [worker({ bytes: 3 }), worker({ bytes: 1 }), worker({ bytes: 2 })], 1],
    ['the newest of equals', [worker(), worker(), worker()], 2],
    ['not the one that others are bound to', [worker(), worker(), worker({ pinned: true })], 1],
    ['not the one with seceded tasks', [worker(), worker(), worker({ longRunning: 1 })], 1],
    [
      'not the one that was given back within the window',
      [worker(), worker(), worker({ drain: 'moving' })],
      1,
    ],
    ['not the one that is closing by itself', [worker(), worker(), worker({ working: false })], 1],
  ])('retires %s', (_, list, expected) => {
    const three = [group({ members: members(3) })];
    const window = steady(load({ demand: [tasks(2, 5)], workers: workers(...list) }));
    expect(changes({ groups: three, window })).toEqual({ retire: [expected] });
  });

  it('keeps an empty worker that the results of others go to', () => {
    const groups = [group({ members: members(2) }), group({ name: 'other', minimum: 1 })];
    const window = steady(load({ workers: workers(worker({ bytes: 1000 }), busy()) }));
    expect(changes({ adapt: adapt({ maximum: 1 }), groups, window })).toEqual({ retire: [0] });
  });

  it('keeps as many as have memory for the results', () => {
    const holding = workers(
      ...Array.from({ length: 5 }, () => worker({ bytes: 1000, memoryLimitBytes: 4000 })),
    );
    expect(changes({ groups, window: steady(load({ keysWanted: true, workers: holding })) })).toEqual({
      retire: [4, 3],
    });
  });

  it('keeps a worker that is busy with work of its group', () => {
    const list = workers(busy(), worker(), busy(), worker(), busy());
    const window = steady(load({ demand: [tasks(3, 0.01)], workers: list }));
    expect(changes({ groups, window })).toEqual({ retire: [3, 1] });
  });

  it.each([
    ['while results are held', { window: steady({ ...idle(5), keysWanted: true }) }],
    ['before a task has finished', { window: steady({ ...idle(5), finished: 0, idleSeconds: 60 }) }],
    ['in the first minute of the flow', { window: steady(idle(5)), runningSince: NOW - 59_000 }],
    ['before the flow runs', { window: steady(idle(5)), runningSince: undefined }],
  ])('keeps one worker %s', (_, given) => {
    expect(changes({ groups, ...given })).toEqual({ retire: [4, 3, 2, 1] });
  });

  it('never goes below the minimum', () => {
    expect(changes({ groups, adapt: adapt({ minimum: 3 }), window: steady(idle(5)) })).toEqual({
      retire: [4, 3],
    });
    expect(changes({ groups, adapt: adapt({ minimumCores: 4 }), window: steady(idle(5)) })).toEqual({
      retire: [4],
    });
    expect(
      changes({ groups: [group({ members: members(5), minimum: 2 })], window: steady(idle(5)) }),
    ).toEqual({ retire: [4, 3, 2] });
  });

  it('follows a maximum that was lowered', () => {
    const window = steady(
      load({ demand: [tasks(5, 60)], workers: workers(busy(), busy(), busy(), busy(), busy()) }),
    );
    expect(changes({ groups, adapt: adapt({ maximum: 4 }), window })).toEqual({ retire: [4] });
  });
});

describe('nothing known', () => {
  it('changes nothing', () => {
    const groups = [
      group({ members: [member(0), member(1, { pod: 'pending' }), member(2, { leaving: true })] }),
    ];
    const decision = scale(input({ groups, window: [] }));
    expect(decision).toMatchObject({
      target: 2,
      cancel: [],
      retire: [],
      giveBack: [],
      add: new Map(),
      desired: new Map([['default', 2]]),
    });
    expect(decision.why).toContain('Nothing is known');
  });
});

describe('a retirement that failed', () => {
  const window = steady(load({ keysWanted: true, workers: workers(worker(), worker({ drain: 'failed' })) }));

  it('is given back, and neither it nor another is tried before a new window without it', () => {
    const leaving = [group({ members: [member(0), member(1, { leaving: true })] })];
    expect(changes({ groups: leaving, window })).toEqual({ giveBack: [1] });
    const groups = [group({ members: members(2) })];
    expect(changes({ groups, window })).toEqual({});
    const clean = steady(load({ keysWanted: true, workers: workers(worker(), worker()) }));
    expect(changes({ groups, window: [window[0]!, ...clean.slice(1)] })).toEqual({});
    expect(changes({ groups, window: clean })).toEqual({ retire: [1] });
  });

  it('is not tried again before its time, and another goes in its place', () => {
    const refusals = new Map([[1, { times: 2, until: NOW }]]);
    const clean = (...list: WorkerLoad[]) => steady(load({ keysWanted: true, workers: workers(...list) }));
    const two = { groups: [group({ members: members(2) })], window: clean(worker(), worker()), refusals };
    expect(changes({ ...two, now: NOW - 1 })).toEqual({ retire: [0] });
    expect(changes({ ...two, now: NOW })).toEqual({ retire: [1] });
    const one = { ...two, window: clean(worker({ pinned: true }), worker()), now: NOW - 1 };
    expect(changes(one)).toEqual({});
    expect(scale(input(one)).why).toMatch(/2 workers kept as a retirement has failed\.$/);
  });
});
