import { beforeAll, describe, expect, it } from 'vitest';
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
    followed.drain(['w-0']);
    await client.run('client.gather(fs)\ndel fs');
    await eventually(() => followed.sample?.demand.length === 0 && followed.sample.idle_seconds > 0);
    await eventually(() => followed.sample?.workers.every(({ processing }) => processing === 0));
    expect(followed.sample?.workers.map(({ name }) => name).toSorted()).toEqual(['w-0', 'w-1']);
    expect(followed.worker('w-0')).toMatchObject({ status: 'running', drain: null });
  });
});
