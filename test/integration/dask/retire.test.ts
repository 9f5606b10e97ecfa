import { beforeAll, describe, expect, it } from 'vitest';
import { type Driver, eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

const COUNTING = `
import os, tempfile, time
from distributed import wait
def work(folder, x, seconds=0):
    open(os.path.join(folder, "%s-%s" % (x, time.time())), "w").close()
    time.sleep(seconds)
    return x
folder = tempfile.mkdtemp(prefix="flowrun-retire-")
def runs():
    names = os.listdir(folder)
    return [len(names), len({n.split("-")[0] for n in names})]
def loads():
    return sorted(len(keys) for keys in client.has_what().values())
`;

async function cleanUp(client: Driver): Promise<void> {
  await client.run('import shutil\nshutil.rmtree(folder)');
}

describe.each(ENDS)('SIGTERM on a worker with the preload, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it.each([
    ['without a nanny', []],
    [
      'with a nanny',
      [
        '--nanny',
        '--preload-nanny',
        new URL('../../../src/dask/python/worker_preload.py', import.meta.url).pathname,
      ],
    ],
  ])('loses no result, %s', async (_, args) => {
    await using scheduler = await Scheduler.start(python);
    await using first = scheduler.worker(python, 'w-0', { args });
    await using _second = scheduler.worker(python, 'w-1', { args });
    await using client = await scheduler.client(python);
    await client.run(`client.wait_for_workers(2)\n${COUNTING}`);
    await client.run('fs = client.map(lambda x: work(folder, x), range(60), pure=False)\nwait(fs)');
    await eventually(async () => Number(await client.run('', 'loads()[0]')) > 5);
    const start = performance.now();
    first.signal('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(first.output).toContain('Retired after SIGTERM');
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(1770);
    expect(await client.run('', 'runs()')).toEqual([60, 60]);
    await cleanUp(client);
  });

  it('restarts a running task elsewhere, at once, and does not count it as a death', async () => {
    await using scheduler = await Scheduler.start(python);
    await using client = await scheduler.client(python);
    await client.run(COUNTING);
    await client.run('f = client.submit(lambda: work(folder, 1, seconds=12), pure=False)');
    // More workers than a task may lose (allowed-failures is 3).
    for (let lost = 0; lost < 4; lost++) {
      await using worker = scheduler.worker(python, `w-${lost}`);
      await eventually(async () => (await client.run('', 'runs()[0]')) === lost + 1, 30);
      const start = performance.now();
      worker.signal('SIGTERM');
      expect(await worker.ended).toBe(0);
      expect(performance.now() - start).toBeLessThan(10_000);
    }
    await using _last = scheduler.worker(python, 'w-last');
    expect(await client.run('', 'f.result()')).toBe(1);
    await cleanUp(client);
  });

  it('keeps the last worker with results until another one can take them', async () => {
    await using scheduler = await Scheduler.start(python);
    await using only = scheduler.worker(python, 'w-0');
    await using client = await scheduler.client(python);
    await client.run(COUNTING);
    await client.run('fs = client.map(lambda x: work(folder, x), range(5), pure=False)\nwait(fs)');
    only.signal('SIGTERM');
    await eventually(() => only.output.includes('SIGTERM: retiring'));
    await using _next = scheduler.worker(python, 'w-1');
    expect(await only.ended).toBe(0);
    expect(only.output).toContain('Retired after SIGTERM');
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(10);
    expect(await client.run('', 'runs()')).toEqual([5, 5]);
    await cleanUp(client);
  });

  it('ends within its grace period when there is no scheduler any more', async () => {
    await using scheduler = await Scheduler.start(python);
    await using worker = scheduler.worker(python, 'w-0', { env: { FLOWRUN_GRACE_SECONDS: '6' } });
    await using client = await scheduler.client(python);
    await client.run('client.wait_for_workers(1)');
    scheduler.signal('SIGSTOP');
    const start = performance.now();
    worker.signal('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(performance.now() - start).toBeLessThan(6000);
  });
});
