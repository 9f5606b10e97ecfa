import { describe, expect, test } from 'vitest';

import { decide } from './decide.ts';
import type { Demand } from './load.ts';
import { NOW, PLAN, heard, load, observed, pod, worker } from './observed.fixture.ts';

const demand = (tasks: number, resources: Demand['resources'] = {}): Demand[] => [
  { resources, tasks, unknown: 0, seconds: tasks },
];
const pods = [[0, pod('w-0', 'running')]] as const;
const joined = new Map([[0, worker()]]);

describe('the scheduler of a cluster of fixed size', () => {
  const plan = { ...PLAN, adapt: undefined };
  const silent = { kind: 'silent', cause: 'no sample for 21 s' } as const;
  const scene = observed({ plan, pods, scheduler: silent });
  const told = decide(scene);
  const status = told.kind === 'commit' ? told.status : {};

  test('that is silent is told, with its cause, and nothing else changes', () => {
    expect(told).toMatchObject({
      kind: 'commit',
      progress: true,
      status: {
        cluster: { groups: [{ ordinals: '0' }, {}] },
        conditions: [
          {
            type: 'Scaling',
            status: 'False',
            reason: 'SchedulerSilent',
            message: expect.stringContaining('(no sample for 21 s)'),
          },
        ],
      },
      events: [{ type: 'Warning', reason: 'SchedulerSilent' }],
    });
    const again = { ...scene, status, scheduler: { ...silent, cause: 'no sample for 22 s' } };
    expect(decide(again)).toMatchObject({ kind: 'act', actions: [], wakeAt: NOW + 1000 });
  });

  test('that answers again is told, and another silence is told again', () => {
    const back = decide({ ...scene, status, scheduler: heard(load({ workers: joined })) });
    expect(back).toMatchObject({
      status: { conditions: [{ type: 'Scaling', status: 'False', reason: 'FixedSize' }] },
      events: [],
    });
    const recovered = back.kind === 'commit' ? back.status : {};
    expect(decide({ ...scene, status: recovered })).toMatchObject({
      status: { conditions: [{ reason: 'SchedulerSilent' }] },
      events: [{ reason: 'SchedulerSilent' }],
    });
  });

  test('that was heard is looked at again when it has been silent for too long, and has no condition', () => {
    const answers = heard(load({ workers: joined }), { staleAt: NOW + 20_000, workers: 0 });
    expect(decide({ ...scene, scheduler: answers })).toMatchObject({ actions: [], wakeAt: NOW + 20_000 });
  });
});

describe('an adaptive run whose spec the operator of now refuses', () => {
  const plan = { ok: false, reason: 'ImageMissing', message: 'Set spec.flow.image.' } as const;
  const scene = { ...observed({ pods, scheduler: heard(load({ workers: joined })) }), plan };
  const adapting = {
    type: 'Scaling',
    status: 'True',
    reason: 'Adapting',
    message: '',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  } as const;

  test('is told that it keeps its size, once, and why', () => {
    const told = decide({ ...scene, status: { ...scene.status, conditions: [adapting] } });
    expect(told).toMatchObject({
      kind: 'commit',
      status: {
        cluster: { groups: [{ ordinals: '0' }, {}] },
        conditions: [
          {
            type: 'Scaling',
            status: 'False',
            reason: 'SpecRefused',
            message: expect.stringContaining('Set spec.flow.image.'),
          },
        ],
      },
      events: [{ type: 'Warning', reason: 'SpecRefused' }],
    });
    const status = told.kind === 'commit' ? told.status : {};
    expect(decide({ ...scene, status })).toMatchObject({ kind: 'act', actions: [] });
  });
});

describe('groups that a maximum makes take turns', () => {
  const plan = { ...PLAN, adapt: { ...PLAN.adapt!, maximum: 1 } };
  const both = load({ demand: [...demand(3), ...demand(2, { GPU: 1 })], workers: joined });
  const scene = observed({ plan, pods, scheduler: heard(both) });
  const told = decide(scene);
  const status = told.kind === 'commit' ? told.status : {};
  const pending = (decision: ReturnType<typeof decide>) =>
    decision.kind === 'commit'
      ? decision.status.conditions?.find(({ type }) => type === 'WorkersPending')
      : undefined;

  test('are told in a condition and an event, with the tasks that wait and who holds the room', () => {
    expect(pending(told)).toMatchObject({
      status: 'True',
      reason: 'MaximumReached',
      message:
        'Tasks that need GPU=1 wait for a worker of group gpu: within adaptKwargs (maximum 1) those of default leave no room. ' +
        'The groups take turns; raise the maximum to let them work together.',
    });
    expect(told).toMatchObject({
      events: expect.arrayContaining([expect.objectContaining({ reason: 'MaximumReached' })]),
    });
  });

  test('are told so until the others have work no more, also while the scheduler is silent', () => {
    const silent = { kind: 'silent', cause: 'no sample for 7 s' } as const;
    expect(pending(decide({ ...scene, status, scheduler: silent }))).toMatchObject({ status: 'True' });
    const plain = load({ demand: demand(3), workers: joined });
    expect(pending(decide({ ...scene, status, scheduler: heard(plain) }))).toMatchObject({ status: 'False' });
  });

  test('are not told in a dry run, which leaves the cluster as it is', () => {
    const dry = { ...plan, adapt: { ...plan.adapt, dryRun: true } };
    const decision = decide(observed({ plan: dry, pods, scheduler: heard(both) }));
    expect(pending(decision)).toBeUndefined();
  });
});
