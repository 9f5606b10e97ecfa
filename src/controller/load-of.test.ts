import { expect, test } from 'vitest';

import { parseSample } from '../dask/sample.ts';
import { loadOf } from './load-of.ts';

const worker = {
  name: 'etl-0a1b2c3d-1-worker-7',
  address: 'tcp://10.0.0.7:1',
  nthreads: 2,
  processing: 3,
  executing: 2,
  long_running: 1,
  status: 'running',
  nbytes: 1000,
  memory_limit: 4000,
  pinned: true,
  drain: null,
};

const sampleOf = (change: object) => {
  const parsed = parseSample({
    version: 1,
    uid: 'u',
    attempt: 1,
    seq: 1,
    time: 1,
    workers: [worker],
    workers_total: 1,
    tasks: {
      total: 9,
      waiting: 0,
      queued: 1,
      no_worker: 2,
      processing: 3,
      memory: 0,
      erred: 0,
      finished: 4,
      failed: 1,
    },
    prefixes: {},
    demand: [{ resources: { GPU: 1 }, tasks: 2, unknown: 1, seconds: 1.5 }],
    keys_wanted: true,
    scatters_waiting: 1,
    idle_seconds: 3,
    result: null,
    launcher_seen: true,
    versions: {},
    ...change,
  });
  if ('error' in parsed) throw new Error(parsed.error);
  return parsed.sample;
};

const of = (change: object) => loadOf(sampleOf(change), 1000, 'etl-0a1b2c3d-1-worker-');

test('a sample becomes a load, its workers by ordinal', () => {
  expect(of({})).toEqual({
    at: 1000,
    demand: [{ resources: { GPU: 1 }, tasks: 2, unknown: 1, seconds: 1.5 }],
    keysWanted: true,
    scattersWaiting: 1,
    finished: 5,
    flowSeen: true,
    idleSeconds: 3,
    workers: new Map([
      [
        7,
        {
          threads: 2,
          working: true,
          paused: false,
          processing: 3,
          executing: 2,
          longRunning: 1,
          pinned: true,
          bytes: 1000,
          memoryLimitBytes: 4000,
          drain: undefined,
        },
      ],
    ]),
  });
});

test.each([
  [{ status: 'paused' }, { working: true, paused: true }],
  [{ status: 'init' }, { working: false, paused: false }],
  [
    { status: 'closing_gracefully', drain: 'executing' },
    { working: false, drain: 'executing' },
  ],
  [
    { status: 'closed', drain: 'retired' },
    { working: false, drain: 'retired' },
  ],
  [{ drain: 'failed' }, { working: true, drain: 'failed' }],
])('a worker with %j', (change, expected) => {
  expect(of({ workers: [{ ...worker, ...change }] }).workers.get(7)).toMatchObject(expected);
});

test.each(['somebody', 'etl-0a1b2c3d-2-worker-7', 'etl-0a1b2c3d-1-worker-', 'etl-0a1b2c3d-1-worker-7-x'])(
  'a worker called %s is a stranger',
  (name) => {
    expect(of({ workers: [{ ...worker, name }] }).workers.size).toBe(0);
  },
);

test.each([
  [3, true],
  [0, false],
])('without the preload nobody with work can be retired: %i tasks', (processing, pinned) => {
  const { workers } = of({ fallback: true, workers: [{ ...worker, processing, pinned: false }] });
  expect(workers.get(7)?.pinned).toBe(pinned);
});
