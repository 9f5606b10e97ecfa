import { describe, expect, it } from 'vitest';
import { parseIdentity, plainSample } from './plain-scheduler.ts';

const facts = {
  uid: 'u',
  attempt: 1,
  seq: 1,
  now: 1.7e12,
  version: '2026.8.0',
  target: 0,
  targetSeconds: 5,
  busyAt: 1.7e12 - 7000,
  begun: false,
  drains: new Map(),
};
const worker = (task_counts: Record<string, number> = {}) => ({
  type: 'Worker',
  name: 'w',
  nthreads: 4,
  memory_limit: 1e9,
  resources: {},
  status: 'running',
  metrics: { task_counts, managed_bytes: 10 },
});
const identity = (...workers: unknown[]) => ({
  type: 'Scheduler',
  workers: Object.fromEntries(workers.map((each, at) => [`tcp://10.0.0.${at}:1`, each])),
});

function sampled(answer: unknown, more: Partial<typeof facts> = {}) {
  const known = parseIdentity(answer);
  if ('error' in known) throw new Error(known.error);
  const made = plainSample(known, { ...facts, ...more });
  if ('error' in made) throw new Error(made.error);
  return made.sample;
}

describe('the sample of a scheduler without the preload', () => {
  it('tells who works and who is idle', () => {
    const busy = worker({ executing: 2, ready: 3, 'long-running': 1, memory: 9, flight: 4 });
    const { workers, tasks, fallback, keys_wanted } = sampled(identity(busy, worker()), { target: 2 });
    expect(
      workers.map(({ executing, long_running, processing }) => [executing, long_running, processing]),
    ).toEqual([
      [2, 1, 6],
      [0, 0, 0],
    ]);
    expect(workers[0]).toMatchObject({ nbytes: 10, memory_limit: 1e9, drain: null, pinned: false });
    expect(tasks).toMatchObject({ processing: 6, memory: 9 });
    expect({ fallback, keys_wanted }).toEqual({ fallback: true, keys_wanted: true });
  });

  it.each([
    ['counts in workers', '2026.8.0', 3, 2, 12],
    ['counted in threads', '2022.12.1+ds.1', 8, 2, 8],
    ['always counted in workers when it asks for fewer', '2022.12.1', 1, 2, 4],
    ['counts in threads without any worker', '2026.8.0', 10, 0, 10],
  ])('asks for what adaptive_target asks for: it %s', (_, version, target, present, tasks) => {
    const { demand } = sampled(identity(...Array.from({ length: present }, () => worker())), {
      version,
      target,
    });
    expect(demand).toEqual([{ resources: {}, tasks, unknown: 0, seconds: tasks * 5 }]);
  });

  it('has work to do while tasks run, whatever the rule asks for', () => {
    expect(sampled(identity(worker({ executing: 1 })))).toMatchObject({
      demand: [{ tasks: 1, seconds: 0 }],
      tasks: { total: 1 },
    });
  });

  it('is idle while workers are kept for their results only', () => {
    const holding = identity(worker({ memory: 5 }), worker());
    expect(sampled(holding, { target: 2 })).toMatchObject({ idle_seconds: 7, demand: [{ tasks: 8 }] });
    expect(sampled(holding, { target: 3 }).idle_seconds).toBe(0);
  });

  it.each([
    ['nothing', null],
    ['workers that are no map', { workers: 7 }],
    ['a worker without threads', identity({ ...worker(), nthreads: undefined })],
  ])('gives an error for %s', (_, answer) => {
    expect(parseIdentity(answer)).toEqual({ error: expect.stringMatching(/^identity: /) });
  });

  it('tells of tasks that are done only that there were some', () => {
    expect(sampled(identity(worker({ memory: 5 }))).tasks.finished).toBe(5);
    expect(sampled(identity(worker())).tasks.finished).toBe(0);
    expect(sampled(identity(worker()), { begun: true }).tasks.finished).toBe(1);
  });

  it('takes a worker that has sent no heartbeat yet', () => {
    expect(sampled(identity({ ...worker(), metrics: {} })).workers).toMatchObject([
      { processing: 0, nbytes: 0 },
    ]);
  });
});
