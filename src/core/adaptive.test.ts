import { describe, expect, test } from 'vitest';

import { decide } from './decide.ts';
import type { Demand } from './load.ts';
import { NOW, PLAN, heard, load, observed, pod, worker } from './observed.fixture.ts';

const demand = (tasks: number, resources: Demand['resources'] = {}): Demand[] => [
  { resources, tasks, unknown: 0, seconds: tasks },
];

const running = (...ordinals: number[]) =>
  ordinals.map((ordinal) => [ordinal, pod(`w-${ordinal}`, 'running')] as const);
const joined = (...ordinals: number[]) => new Map(ordinals.map((ordinal) => [ordinal, worker()]));

describe('a change of size', () => {
  test('is committed with its reason before any pod is made', () => {
    const work = load({ demand: demand(3), workers: joined(0) });
    const decision = decide(observed({ pods: running(0), scheduler: heard(work) }));
    expect(decision).toMatchObject({
      kind: 'commit',
      usesAnswer: true,
      status: {
        cluster: {
          workers: { desired: 3, allocated: 3, retiring: 0 },
          groups: [
            { name: 'default', desired: 3, ordinals: '0-2', leaving: '' },
            { name: 'gpu', desired: 0, ordinals: '', leaving: '' },
          ],
        },
        scaling: { target: 3, desired: 3, history: [{ from: 1, to: 3 }] },
      },
      events: [{ type: 'Normal', reason: 'ScaledUp', note: expect.stringMatching(/^From 1 to 3 workers: /) }],
    });
  });

  test('concerns the group whose work it is, and ordinals are counted over all', () => {
    const work = load({ demand: demand(2, { GPU: 1 }), workers: joined(0) });
    const decision = decide(observed({ pods: running(0), scheduler: heard(work) }));
    expect(decision).toMatchObject({
      status: { cluster: { groups: [{ name: 'default' }, { name: 'gpu', ordinals: '1-2' }] } },
    });
  });

  test('follows at most once from one answer', () => {
    const work = load({ demand: demand(3), workers: joined(0) });
    const decision = decide(observed({ pods: running(0), scheduler: heard(work, { used: true }) }));
    expect(decision).toMatchObject({ kind: 'commit', progress: true, usesAnswer: false });
  });

  test('of workers that are too many marks them, and keeps their pods', () => {
    const scene = observed({
      ordinals: [[0, 1, 2], []],
      pods: running(0, 1, 2),
      scheduler: heard(load({ keysWanted: true, workers: joined(0, 1, 2) })),
    });
    expect(decide(scene)).toMatchObject({
      status: {
        cluster: {
          workers: { desired: 1, retiring: 2 },
          groups: [{ ordinals: '0-2', leaving: '1-2', desired: 1 }, {}],
        },
        scaling: { history: [{ from: 3, to: 1 }] },
      },
      events: [{ reason: 'ScaledDown' }],
    });
  });

  test('is only told in a dry run', () => {
    const { adapt } = PLAN;
    const plan = { ...PLAN, adapt: adapt && { ...adapt, dryRun: true } };
    const work = load({ demand: demand(3), workers: joined(0) });
    expect(decide(observed({ plan, pods: running(0), scheduler: heard(work) }))).toMatchObject({
      kind: 'commit',
      progress: true,
      status: {
        cluster: { groups: [{ ordinals: '0' }, {}] },
        scaling: { desired: 3, lastDecision: expect.stringMatching(/^Dry run: /) },
        conditions: [{ type: 'Scaling', status: 'False', reason: 'DryRun' }],
      },
      events: [{ reason: 'WouldScale' }],
    });
  });
});

describe('a scheduler that is silent', () => {
  const silent = { kind: 'silent', cause: 'no sample for 7 s' } as const;

  test('changes nothing; that is told, and it is looked at again in a second', () => {
    const scene = observed({ pods: running(0), scheduler: silent });
    const told = decide(scene);
    expect(told).toMatchObject({
      kind: 'commit',
      progress: true,
      status: {
        cluster: { groups: [{ ordinals: '0' }, {}] },
        conditions: [{ type: 'Scaling', status: 'False', reason: 'SchedulerSilent' }],
      },
    });
    if (told.kind !== 'commit') throw new Error('not a commit');
    const again = decide({ ...scene, status: told.status, scheduler: { ...silent, cause: 'for 8 s' } });
    expect(again).toMatchObject({ kind: 'act', actions: [], wakeAt: scene.now + 1000 });
  });
});

test('a scheduler that was heard is looked at again when it has been silent for too long, though nothing happens', () => {
  const scheduler = heard(load({ keysWanted: true, workers: joined(0) }), { staleAt: NOW + 4000 });
  const scene = observed({ pods: running(0), scheduler });
  const told = decide(scene);
  if (told.kind !== 'commit') throw new Error('not a commit');
  expect(decide({ ...scene, status: told.status })).toMatchObject({ actions: [], wakeAt: NOW + 4000 });
});

describe('a worker that is leaving', () => {
  const scene = { ordinals: [[0, 1], []], leaving: [1] } as const;
  const gone = load({ workers: joined(0) });

  test.each([
    ['runs and works still', pod('w-1', 'running'), load({ workers: joined(0, 1) }), [1]],
    [
      'has not joined, and the scheduler does not know yet that it shall leave',
      pod('w-1', 'running'),
      gone,
      [],
    ],
  ])('%s: it is let be', (_, leaving, newest, ordered) => {
    const scheduler = heard(newest, { used: true, ordered: new Set(ordered) });
    const decision = decide(observed({ ...scene, pods: [...running(0), [1, leaving]], scheduler }));
    expect(decision).toMatchObject({ kind: 'commit', progress: true });
  });

  test.each([
    ['has never joined', 'pending', gone],
    ['is gone from the scheduler', 'running', gone],
    ['is retired', 'running', load({ workers: new Map([...joined(0), [1, worker({ drain: 'retired' })]]) })],
  ] as const)('%s, and the scheduler knows: its pod is deleted', (_, state, newest) => {
    const scheduler = heard(newest, { used: true, ordered: new Set([1]) });
    const decision = decide(observed({ ...scene, pods: [...running(0), [1, pod('w-1', state)]], scheduler }));
    expect(decision).toMatchObject({
      actions: [{ type: 'deleteWorkers', pods: [{ ordinal: 1, name: 'w-1', uid: 'uid-w-1' }] }],
    });
  });

  test.each([
    ['has ended', pod('w-1', 'finished')],
    ['has failed', pod('w-1', 'finished', { exitCode: 137, oomKilled: true })],
    ['is no more', { state: 'absent' } as const],
    ['lingers on a dead node', pod('w-1', 'running', { terminating: true, goneAt: 1 })],
  ])('%s: nobody takes its place, and nothing is counted', (_, leaving) => {
    const decision = decide(
      observed({ ...scene, pods: [...running(0), [1, leaving]], scheduler: heard(gone, { used: true }) }),
    );
    expect(decision).toMatchObject({
      kind: 'commit',
      status: {
        cluster: {
          workers: { desired: 1, retiring: 0, allocated: 2, failures: 0 },
          groups: [{ ordinals: '0', leaving: '' }, {}],
        },
      },
      events: [],
    });
  });
});

describe('pods that a quota refuses', () => {
  const scene = { ordinals: [[0, 1, 2], [3]], pods: running(0) };
  const scheduler = heard(load({ demand: demand(4), workers: joined(0) }), { used: true });
  const blocked = (until: number) => new Map([['default', { message: 'exceeded quota: q', until }]]);
  const created = (until: number | undefined) => {
    const found = observed({
      ...scene,
      scheduler,
      ...(until === undefined ? {} : { blocked: blocked(until) }),
    });
    const decision = decide(found);
    return decision.kind === 'act'
      ? decision.actions.map((action) => ('child' in action ? action.child : action))
      : [];
  };
  const child = (ordinal: number, group: string) => ({ role: 'worker', ordinal, group });

  test('are not asked for again before their time; those of other groups are', () => {
    expect(created(Infinity)).toEqual([child(3, 'gpu')]);
  });

  test('are asked for one at a time then, and all at once when that one came', () => {
    expect(created(0)).toEqual([child(1, 'default'), child(3, 'gpu')]);
    expect(created(undefined)).toEqual([child(1, 'default'), child(2, 'default'), child(3, 'gpu')]);
  });

  test('are told in a condition', () => {
    const found = observed({ ...scene, ordinals: [[0, 1, 2], []], scheduler, blocked: blocked(Infinity) });
    expect(decide(found)).toMatchObject({
      status: {
        conditions: expect.arrayContaining([
          expect.objectContaining({
            type: 'WorkersPending',
            status: 'True',
            reason: 'QuotaExceeded',
            message: '2 workers of group default cannot start: QuotaExceeded: exceeded quota: q',
          }),
        ]),
      },
    });
  });
});

test('once all is cleaned up nobody leaves any more', () => {
  const time = '1970-01-01T00:00:00Z';
  const complete = { type: 'Complete', status: 'True' as const, reason: 'Succeeded', message: '' };
  const scene = observed({ ordinals: [[0, 1, 2], []], leaving: [1] });
  const decision = decide({
    ...scene,
    status: { ...scene.status, conditions: [{ ...complete, lastTransitionTime: time }] },
    children: {
      files: false,
      service: false,
      scheduler: { state: 'absent' },
      flow: pod('flow', 'finished'),
      workers: new Map(),
    },
  });
  expect(decision).toMatchObject({
    status: {
      cluster: {
        workers: { desired: 2, ready: 0, retiring: 0 },
        groups: [{ ordinals: '0,2', leaving: '' }, {}],
      },
    },
  });
});

test('conditions about the cluster go with its attempt', () => {
  const time = '1970-01-01T00:00:00Z';
  const condition = (type: string) => ({
    type,
    status: 'True' as const,
    reason: 'R',
    message: '',
    lastTransitionTime: time,
  });
  const scene = observed({
    pods: running(0),
    status: {
      conditions: [condition('Scaling'), condition('WorkersPending'), condition('UnsatisfiableResources')],
    },
  });
  const decision = decide({
    ...scene,
    children: { ...scene.children, flow: pod('flow', 'finished') },
  });
  expect(decision).toMatchObject({ kind: 'commit', status: { phase: 'Succeeded' } });
  const types = decision.kind === 'commit' ? decision.status.conditions?.map(({ type }) => type) : [];
  expect(types).toEqual(expect.arrayContaining(['UnsatisfiableResources', 'Complete']));
  expect(types).not.toContain('Scaling');
  expect(types).not.toContain('WorkersPending');
});
