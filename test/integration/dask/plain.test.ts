import { beforeAll, describe, expect, it } from 'vitest';
import { counting } from './counting.ts';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

describe.each(ENDS)('a scheduler without the preload, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('tells enough to go up and down by count', async () => {
    await using scheduler = await Scheduler.start(python, { plain: true });
    await using followed = await Followed.start(scheduler);
    expect(followed.sample).toMatchObject({ fallback: true, workers: [], demand: [] });
    await using client = await scheduler.client(python);
    await client.run('import time\nfs = client.map(time.sleep, [0.5] * 12, pure=False)');
    // With no worker it is known that there is work, in threads.
    await eventually(() => (followed.sample?.demand[0]?.tasks ?? 0) >= 1);
    await using _first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await eventually(() => followed.sample?.workers.some(({ executing }) => executing === 1));
    expect(followed.sample?.idle_seconds).toBe(0);
    await client.run('client.gather(fs)\ndel fs');
    await eventually(() => followed.sample?.demand.length === 0 && followed.sample.idle_seconds > 0);
    await eventually(() => followed.sample?.workers.every(({ processing }) => processing === 0));
    expect(followed.sample?.workers.map(({ name }) => name).toSorted()).toEqual(['w-0', 'w-1']);
    expect(followed.worker('w-0')).toMatchObject({ status: 'running', drain: null });
  });

  it('lets idle workers go with their results, and keeps one that has work', async () => {
    await using scheduler = await Scheduler.start(python, { plain: true });
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run('fs = client.map(work, range(20), pure=False)\nwait(fs)');
    await client.run(
      'from distributed import Event\nlast = client.submit(lambda: Event("go").wait() and work(20), workers=[address("w-1")])',
    );
    await eventually(
      () => followed.worker('w-1')?.executing === 1 && followed.worker('w-0')?.processing === 0,
    );
    followed.drain(['w-0', 'w-1']);
    await followed.reaches('w-1', 'failed');
    expect(await first.ended).toBe(0);
    followed.drain([]);
    await followed.works('w-1');
    await client.run('Event("go").set()');
    expect(await client.run('', 'sum(client.gather(fs)) + last.result()')).toBe(210);
    expect(await client.run('', 'runs()')).toEqual([21, 21]);

    // Nobody could take its results.
    followed.drain(['w-1']);
    await followed.reaches('w-1', 'failed');
    expect(followed.worker('w-1')?.status).toBe('running');
  });
});
