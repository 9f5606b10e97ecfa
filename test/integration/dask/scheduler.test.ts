import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Monitor } from '../../../src/dask/monitor.ts';
import type { Sample } from '../../../src/dask/sample.ts';
import { eventually, Process, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

/** Far below the interval of the polls; the real time, some 100 ms, is a matter of the machine. */
const AT_ONCE_MS = 3000;

let arrivals: { at: number; sample: Sample }[] = [];
const monitor = new Monitor({
  onSample: (key) => {
    const newest = monitor.newest(key)?.sample;
    if (newest !== undefined) arrivals.push({ at: performance.now(), sample: newest });
  },
});
const sample = () => monitor.newest('run')?.sample;

afterEach(() => {
  monitor.untrack('run');
  arrivals = [];
});

async function follow(scheduler: Scheduler, intervalSeconds = 1): Promise<void> {
  const target = { url: scheduler.url, uid: 'uid-1', attempt: 1, intervalSeconds };
  monitor.track('run', { ...target, drain: [], drainSeconds: 60 });
  await eventually(sample, 30);
}

describe.each(ENDS)('a scheduler with the preload, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('counts what finished and failed, also after the results are released and after a restart', async () => {
    await using scheduler = await Scheduler.start(python);
    await follow(scheduler);
    await using worker = scheduler.worker(python, 'w-0');
    await using client = await scheduler.client(python);
    // A worker is known in status `init` a moment before it can work.
    await eventually(() => sample()?.workers[0]?.status === 'running');
    expect(sample()?.workers[0]).toMatchObject({
      name: 'w-0',
      nthreads: 1,
      status: 'running',
      processing: 0,
    });

    await client.run('from distributed import wait\ndef f(x):\n    assert x % 10, x\n    return x');
    await client.run(
      'data = client.scatter([1, 2, 3])\nfs = client.map(f, range(100), pure=False)\nwait(fs)',
    );
    const counted = { finished: 90, failed: 10, waiting: 0, queued: 0, processing: 0, total: 100 };
    await eventually(() => sample()?.tasks.finished === 90);
    expect(sample()).toMatchObject({
      tasks: { ...counted, erred: 10 },
      keys_wanted: true,
      launcher_seen: true,
    });
    expect(sample()?.prefixes['f']).toEqual({ finished: 90, erred: 10, active: 0 });

    await client.run('del fs, data');
    await eventually(() => sample()?.tasks.memory === 0);
    expect(sample()).toMatchObject({ tasks: { ...counted, erred: 0 }, keys_wanted: false });

    await client.run('client.restart(wait_for_workers=False)');
    await using other = scheduler.worker(python, 'w-1');
    await client.run('wait(client.submit(f, 1))');
    await eventually(() => sample()?.tasks.finished === 91);
    expect(sample()?.tasks.failed).toBe(10);
    expect([worker.output, other.output].join()).not.toContain('Traceback (most recent call last)');
  });

  it('tells queued, processing, unrunnable and seconds of work by what tasks demand', async () => {
    await using scheduler = await Scheduler.start(python);
    await follow(scheduler);
    await using _worker = scheduler.worker(python, 'w-0');
    await using client = await scheduler.client(python);
    await client.run('import time\nclient.wait_for_workers(1)');
    await client.run('a = client.map(lambda x: time.sleep(60), range(30), pure=False)');
    await client.run('b = client.map(time.sleep, range(7), resources={"GPU": 1})');
    await eventually(() => sample()?.tasks.no_worker === 7);
    const { tasks, demand } = sample()!;
    expect(tasks.queued + tasks.processing).toBe(30);
    expect(tasks.total).toBe(37);
    expect(demand).toContainEqual({ resources: { GPU: 1 }, tasks: 7, unknown: 7, seconds: 3.5 });
    expect(demand).toContainEqual({ resources: {}, tasks: 30, unknown: 30, seconds: expect.any(Number) });
    // What runs longer than assumed teaches about what has not run yet.
    await eventually(
      () => (sample()?.demand.find((group) => group.resources['GPU'] === undefined)?.seconds ?? 0) > 60,
    );
  });

  it('answers a long poll of 30 s at once when work arrives, ends, or waits as a scatter', async () => {
    await using scheduler = await Scheduler.start(python);
    await follow(scheduler, 30);
    await using client = await scheduler.client(python);
    await eventually(() => sample()?.launcher_seen);
    const since = async (action: string, seen: (newest: Sample) => boolean): Promise<number> => {
      const start = performance.now();
      await client.run(action);
      const arrival = await eventually(() =>
        arrivals.find(({ at, sample: newest }) => at > start && seen(newest)),
      );
      return arrival.at - start;
    };
    // The doorbell may have rung for the client just now and then rests for half a second.
    await eventually(() => performance.now() - arrivals.at(-1)!.at > 700);
    expect(
      await since('f = client.submit(int, 1)', ({ tasks }) => tasks.no_worker + tasks.queued === 1),
    ).toBeLessThan(AT_ONCE_MS);
    await eventually(() => performance.now() - arrivals.at(-1)!.at > 700);
    expect(
      await since('fs = client.map(int, range(50))', ({ demand }) => (demand[0]?.tasks ?? 0) > 40),
    ).toBeLessThan(AT_ONCE_MS);
    await eventually(() => performance.now() - arrivals.at(-1)!.at > 700);
    expect(
      await since('f.release()\nfor g in fs: g.release()\ndel f, fs', ({ demand }) => demand.length === 0),
    ).toBeLessThan(AT_ONCE_MS);
    await eventually(() => performance.now() - arrivals.at(-1)!.at > 700);
    const scatter =
      'import threading\nthreading.Thread(target=lambda: client.scatter(1, timeout=5), daemon=True).start()';
    expect(await since(scatter, (newest) => newest.scatters_waiting === 1)).toBeLessThan(AT_ONCE_MS);
  });

  it('keeps the first result of its own attempt and repeats it in every sample', async () => {
    await using scheduler = await Scheduler.start(python);
    await follow(scheduler, 30);
    await using client = await scheduler.client(python);
    const give = async (attempt: number, result: string) =>
      client.run(
        '',
        `client.sync(client.scheduler.flowrun_result, uid="uid-1", attempt=${attempt}, result=${result})`,
      );
    expect(await give(2, '{"outcome": "Failed"}')).toMatchObject({ accepted: false });
    expect(await give(1, '{"outcome": float("nan")}')).toMatchObject({ accepted: false });
    expect(await give(1, '{"outcome": "x" * 20000}')).toMatchObject({ accepted: false });
    const start = performance.now();
    expect(await give(1, '{"outcome": "Succeeded", "value": [1.5, {"deep": None}]}')).toEqual({
      accepted: true,
    });
    const result = { outcome: 'Succeeded', value: [1.5, { deep: null }] };
    await eventually(() => sample()?.result ?? undefined);
    expect(performance.now() - start).toBeLessThan(AT_ONCE_MS);
    expect(sample()?.result).toEqual(result);
    expect(await give(1, '{"outcome": "Failed"}')).toMatchObject({ accepted: false });
    expect(await give(1, '{"outcome": "Succeeded", "value": [1.5, {"deep": None}]}')).toEqual({
      accepted: true,
    });
    monitor.untrack('run');
    await follow(scheduler);
    expect(sample()?.result).toEqual(result);
  });

  it('ignores a shut-down asked for by a client', async () => {
    await using scheduler = await Scheduler.start(python);
    await follow(scheduler);
    await using worker = scheduler.worker(python, 'w-0');
    await using client = await scheduler.client(python);
    await client.run('client.wait_for_workers(1)\nclient.shutdown()');
    await eventually(() => scheduler.output.includes('Ignored a request to shut the cluster down'));
    await using second = await scheduler.client(python);
    expect(await second.run('', 'client.submit(int, 5).result()')).toBe(5);
    expect([scheduler.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
  });

  it('ends by itself when its launcher is gone, and when no operator has come', async () => {
    const env = { FLOWRUN_ABANDONED_SECONDS: '2' };
    await using left = await Scheduler.start(python, { env });
    await follow(left);
    await using worker = left.worker(python, 'w-0');
    {
      await using client = await left.client(python);
      await client.run('client.wait_for_workers(1)');
      await eventually(() => sample()?.launcher_seen);
    }
    const never = await Scheduler.start(python, { env });
    await using _never = never;
    expect(await left.ended).toBe(0);
    expect(await worker.ended).toBe(0);
    expect(await never.ended).toBe(0);
  });

  it('stays while the operator polls without any launcher, and counts what is idle anew when that comes', async () => {
    await using scheduler = await Scheduler.start(python, { env: { FLOWRUN_ABANDONED_SECONDS: '1' } });
    await follow(scheduler, 3);
    const start = arrivals.length;
    await eventually(() => arrivals.length > start + 2);
    expect(scheduler.child.exitCode).toBeNull();
    const alone = sample()?.idle_seconds ?? 0;
    expect(alone).toBeGreaterThan(3);
    await using _client = await scheduler.client(python);
    await eventually(() => sample()?.launcher_seen);
    expect(sample()?.idle_seconds).toBeLessThan(3);
  });
});

describe('the starter', () => {
  const starter = fileURLToPath(new URL('../../../src/dask/python/scheduler.py', import.meta.url));

  it.each([
    ['an old distributed', '__version__ = "2022.8.1"', /distributed 2022\.8\.1 .* too old.*install/],
    ['no distributed', 'raise ImportError("No module named distributed")', /no usable Dask.*install/],
  ])('refuses %s with a reason', async (_, module, reason) => {
    const folder = await mkdtemp(join(tmpdir(), 'flowrun-starter-'));
    try {
      const python = await pythonOf('prefect3');
      const code = `import sys, types\nsys.path.insert(0, ${JSON.stringify(folder)})\nimport runpy\nrunpy.run_path(${JSON.stringify(starter)}, run_name="__main__")`;
      await using fake = new Process('python3', [
        '-c',
        `open(${JSON.stringify(join(folder, 'distributed.py'))}, "w").write(${JSON.stringify(module)})`,
      ]);
      await fake.ended;
      const log = join(folder, 'termination-log');
      await using refused = new Process(python, ['-c', code], { FLOWRUN_TERMINATION_LOG: log });
      expect(await refused.ended).toBe(64);
      expect(refused.output).toMatch(reason);
      expect(await readFile(log, 'utf8')).toMatch(reason);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
