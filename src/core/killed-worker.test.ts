import { expect, test } from 'vitest';
import type { LostWorker } from '../api/status.ts';
import { evidenceOfEnd } from './evidence.ts';
import type { Load } from './load.ts';
import { initialWorlds } from './model-start.ts';
import { observeWorld } from './model-world.ts';
import { load, pod, worker } from './observed.fixture.ts';
import type { PodState } from './observed.ts';
import type { RunResult } from './result.ts';

const [first] = initialWorlds();
if (first === undefined) throw new Error('the model has no worlds');
const observed = observeWorld(first.world);

const report: RunResult = {
  version: 1,
  uid: 'u',
  attempt: 1,
  outcome: 'Failed',
  exitCode: 3,
  class: 'Infrastructure',
  reason: 'KilledWorker',
  message: 'KilledWorker: task fatal was running on workers that died, the last one was run-1-worker-1',
};

const running = (name: string, terminating = false) => pod(name, 'running', { terminating });
const finished = (name: string, how: Parameters<typeof pod>[2] = {}) =>
  pod(name, 'finished', { exitCode: 1, ...how });

function endWith(
  worker: PodState,
  flow: PodState = running('flow'),
  window: Load[] = [],
  lost: LostWorker[] = [],
) {
  return evidenceOfEnd(
    {
      ...observed,
      status: { cluster: { workers: { lost } } },
      children: {
        ...observed.children,
        flow,
        workers: new Map([
          [1, worker],
          [12, finished('run-1-worker-12')],
        ]),
      },
      scheduler: {
        kind: 'heard',
        workers: 0,
        tasks: { total: 1, waiting: 0, running: 0, finished: 0, failed: 1 },
        queue: { queued: 0, processing: 0, unrunnable: 0 },
        result: report,
        window,
        refusals: new Map(),
        staleAt: undefined,
        used: true,
        ordered: new Set(),
      },
    },
    { number: 1, startTime: '2026-01-01T00:00:00Z' },
  );
}

const NAME = 'run-1-worker-1';

test.each<[string, PodState, { reason: string; class: string }]>([
  [
    'ran out of memory',
    finished(NAME, { oomKilled: true, exitCode: 137 }),
    { reason: 'WorkerOutOfMemory', class: 'Flow' },
  ],
  ['crashed', finished(NAME, { exitCode: 139 }), { reason: 'WorkerCrashed', class: 'Flow' }],
  ['was evicted', finished(NAME, { reason: 'Evicted' }), { reason: 'KilledWorker', class: 'Infrastructure' }],
  [
    'was deleted by somebody',
    finished(NAME, { terminating: true }),
    { reason: 'KilledWorker', class: 'Infrastructure' },
  ],
  ['is not to be found', { state: 'absent' }, { reason: 'KilledWorker', class: 'Infrastructure' }],
])('a task given up because its last worker %s ends the flow as that', (_, worker, expected) => {
  expect(endWith(worker)).toMatchObject({ ...expected, outcome: 'Failed', exitCode: 3, result: report });
});

test('the end of a worker counts that was committed before its pod was deleted', () => {
  expect(
    endWith({ state: 'absent' }, running('flow'), [], [{ name: NAME, reason: 'Crashed', exitCode: 7 }]),
  ).toMatchObject({ reason: 'WorkerCrashed', message: expect.stringContaining('ended with code 7') });
  expect(
    endWith({ state: 'absent' }, running('flow'), [], [{ name: `${NAME}2`, reason: 'OutOfMemory' }]),
  ).toMatchObject({ reason: 'KilledWorker' });
});

test('while the flow still ends, the kubelet is given time to tell how the worker did', () => {
  expect(endWith(running(NAME))).toBeUndefined();
});

test.each<[string, PodState]>([
  ['has ended', finished('flow', { exitCode: 3 })],
  ['is gone', { state: 'absent' }],
  ['is being deleted', running('flow', true)],
])('nobody waits any more when the flow %s', (_, flow) => {
  expect(endWith(running(NAME), flow)).toMatchObject({ reason: 'KilledWorker', class: 'Infrastructure' });
});

test('the scheduler tells whether the worker is still there, also when the flow has ended', () => {
  const ended = finished('flow', { exitCode: 3 });
  const alive = load({ workers: new Map([[1, worker()]]) });
  expect(endWith(running(NAME), ended, [load()])).toBeUndefined();
  // Under a nanny the process died and its pod lives on.
  expect(endWith(running(NAME), ended, [alive])).toMatchObject({ reason: 'KilledWorker' });
  expect(endWith(running(NAME, true), ended, [load()])).toMatchObject({ reason: 'KilledWorker' });
});
