import { describe, expect, it } from 'vitest';
import { MAX_WORKERS, parseSample, type Sample } from './sample.ts';

const tasks = {
  total: 5,
  waiting: 1,
  queued: 1,
  no_worker: 0,
  processing: 1,
  memory: 2,
  erred: 0,
  finished: 2,
  failed: 0,
};
const worker = {
  name: 'w-1',
  address: 'tcp://10.0.0.2:4000',
  nthreads: 2,
  processing: 1,
  status: 'running',
  resources: { GPU: 1 },
};
const reply = {
  version: 1,
  uid: 'u',
  attempt: 1,
  seq: 3,
  time: 1.7e9,
  workers: [worker],
  workers_total: 1,
  tasks,
  prefixes: { inc: { finished: 2, erred: 0, active: 3 } },
  result: null,
  launcher_seen: true,
  versions: { distributed: '2026.8.0' },
};

function parsed(value: unknown): Sample {
  const outcome = parseSample(value);
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome.sample;
}

describe('parseSample', () => {
  it('keeps what is sound and fills what older preloads do not send', () => {
    const sample = parsed(reply);
    expect(sample.tasks).toEqual(tasks);
    expect(sample.workers[0]).toMatchObject({
      ...worker,
      executing: 0,
      long_running: 0,
      pinned: false,
    });
    expect(sample.demand).toEqual([]);
  });

  it.each([
    [Number.NaN, 0],
    [-1, 0],
    [Number.POSITIVE_INFINITY, 1e9],
    [1e300, 1e9],
    [2n ** 63n, 1e9],
    [3.7, 3],
  ])('clamps the count %s to %s', (sent, expected) => {
    expect(parsed({ ...reply, tasks: { ...tasks, queued: sent } }).tasks.queued).toBe(expected);
  });

  it("keeps every digit of the launcher's result", () => {
    const value = { id: 2n ** 63n - 1n, small: [7n, 0.5, null] };
    const { result } = parsed({ ...reply, result: { value } });
    expect(JSON.stringify(result)).toBe('{"value":{"id":9223372036854775807,"small":[7,0.5,null]}}');
  });

  it('cuts lists, maps and texts', () => {
    const resources = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`R${at}`, 1]));
    const workers = Array.from({ length: MAX_WORKERS + 1 }, () => ({
      ...worker,
      name: 'x'.repeat(1000),
      resources,
    }));
    const sample = parsed({ ...reply, workers });
    expect(sample.workers).toHaveLength(MAX_WORKERS);
    expect(sample.workers[0]!.name).toHaveLength(256);
    expect(Object.keys(sample.workers[0]!.resources)).toHaveLength(16);
  });

  it.each([
    ['moving', 'moving'],
    ['retired', 'retired'],
    [null, null],
    [undefined, null],
    ['a word of a later release', null],
    [7, null],
  ])('reads the drain %s as %s', (sent, expected) => {
    expect(parsed({ ...reply, workers: [{ ...worker, drain: sent }] }).workers[0]!.drain).toBe(expected);
  });

  it.each([
    ['nothing', null],
    ['a text', 'OK'],
    ['another version', { ...reply, version: 2 }],
    ['a count that is a text', { ...reply, tasks: { ...tasks, queued: '7' } }],
    ['a missing count', { ...reply, tasks: { ...tasks, queued: undefined } }],
    ['workers that are no list', { ...reply, workers: { 0: worker } }],
    ['a worker without an address', { ...reply, workers: [{ ...worker, address: undefined }] }],
    ['a result that is no object', { ...reply, result: ['x'] }],
    ['a result beyond all bounds', { ...reply, result: { message: 'x'.repeat(20_000) } }],
  ])('gives an error for %s', (_, value) => {
    expect(parseSample(value)).toEqual({ error: expect.stringMatching(/^sample: /) });
  });
});
