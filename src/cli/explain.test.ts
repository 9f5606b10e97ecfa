import { describe, expect, test } from 'vitest';
import { explain, explanationLines } from './explain.ts';
import { seeRun } from './seen.ts';

const T0 = Date.parse('2013-01-01T10:00:00Z');
const at = (second: number) => new Date(T0 + second * 1000).toISOString();

function run(spec: object, status: object) {
  const metadata = { name: 'delays', namespace: 'lab', uid: 'u1', creationTimestamp: at(-1) };
  return seeRun({ metadata, spec, status });
}
const condition = (type: string, status: string, reason = 'Because', message = 'as it is') => ({
  type,
  status,
  reason,
  message,
});

describe('why a run is where it is', () => {
  test.each<[string, object, object, { waitsFor: RegExp; next: RegExp }]>([
    ['has not been looked at', {}, {}, { waitsFor: /The operator/, next: /check that the operator runs/ }],
    [
      'waits in line',
      {},
      { phase: 'Pending', queue: { position: 2, waiting: 5 } },
      { waitsFor: /place 2 of 5/, next: /runs before it/ },
    ],
    [
      'has a wrong spec',
      {},
      { phase: 'Pending', conditions: [condition('Accepted', 'False')] },
      { waitsFor: /spec that can be run/, next: /Correct what the message says/ },
    ],
    [
      'is another controller’s',
      { managedBy: 'kueue.x-k8s.io/multikueue' },
      {},
      { waitsFor: /kueue\.x-k8s\.io\/multikueue/, next: /leaves this run alone/ },
    ],
    [
      'starts',
      { startDeadlineSeconds: 60 },
      { phase: 'Starting', attempts: [{ number: 1, startTime: at(0) }] },
      { waitsFor: /pods/, next: /within 46 s/ },
    ],
    [
      'runs with retries left and a deadline',
      { retry: { limit: 3, when: 'Any' }, activeDeadlineSeconds: 74 },
      { phase: 'Running', retries: 1, startTime: at(0) },
      { waitsFor: /flow to end/, next: /tried again, 2 more times.*DeadlineExceeded in 1 min 00 s/ },
    ],
    [
      'waits before a retry',
      { retry: { limit: 2, when: 'Infrastructure' } },
      { phase: 'Retrying', attempt: 1, retries: 1, attempts: [{ number: 1, retryAt: at(20) }] },
      { waitsFor: /back-off, 6\.0 s/, next: /Attempt 2 begins.*retry 1 of 2/ },
    ],
    [
      'is being suspended',
      { suspend: true },
      { phase: 'Stopping' },
      { waitsFor: /grace period/, next: /Suspended then/ },
    ],
    [
      'is suspended',
      { suspend: true },
      { phase: 'Suspended' },
      { waitsFor: /spec\.suspend/, next: /Resumed/ },
    ],
    [
      'is kept for a look',
      { cleanup: { clusterAfterFailureSeconds: 30 } },
      { phase: 'Failed', completionTime: at(4), conditions: [condition('Failed', 'True')] },
      { waitsFor: /kept for a look, 20 s/, next: /taken away/ },
    ],
    [
      'is over and has a time to live',
      { ttlSecondsAfterFinished: 100 },
      {
        phase: 'Succeeded',
        completionTime: at(4),
        conditions: [condition('Complete', 'True'), condition('CleanedUp', 'True')],
      },
      { waitsFor: /Nothing/, next: /deleted in 1 min 30 s.*kubectl logs -n lab/ },
    ],
  ])('is told of one that %s', (_, spec, status, { waitsFor, next }) => {
    const told = explain(run(spec, status), T0 + 14_000);
    expect(told.waitsFor).toMatch(waitsFor);
    expect(told.next).toMatch(next);
  });
});

test('what is wrong is noted, what is as it should be is not', () => {
  const conditions = [
    condition('Accepted', 'True'),
    condition('WorkersBlocked', 'True', 'QuotaExceeded', 'no room for 3 pods'),
    condition('Scaling', 'True'),
  ];
  const { notes } = explain(run({}, { phase: 'Running', conditions }), T0);
  expect(notes).toEqual(['WorkersBlocked (QuotaExceeded): no room for 3 pods']);
});

test('a terminal gets where, what for, what next, and the latest events', () => {
  const event = { at: T0 + 10_000, warning: false, reason: 'Started', note: 'Attempt 1.' };
  expect(explanationLines(run({}, { phase: 'Running', message: 'It runs.' }), [event], T0 + 14_000)).toEqual([
    'delays in lab',
    'Where     Running. It runs.',
    'Waits for The flow to end.',
    'Next      Its end is that of the run: no retry is left.',
    'Events    4.0 s ago  Started  Attempt 1.',
  ]);
});
