import { beforeAll, describe, expect, it } from 'vitest';
import { counting } from './counting.ts';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

describe.each(ENDS)('a worker that leaves, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('waits for a paused worker where that alone could take the results', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run('fs = client.map(work, range(20), pure=False, workers=["w-0"])\nwait(fs)');
    await client.run(
      'def become(name, status, dask_worker):\n    from distributed import Status\n    if dask_worker.name == name: dask_worker.status = Status[status]',
    );
    await client.run('client.run(become, "w-1", "paused")');
    await eventually(() => followed.worker('w-1')?.status === 'paused');
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'retiring');
    const start = followed.samples.length;
    await eventually(() => followed.samples.length > start + 4);
    expect(followed.worker('w-0')).toMatchObject({ drain: 'retiring', drain_cause: '' });
    await client.run('client.run(become, "w-1", "running")');
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(190);
    expect(await client.run('', 'runs()')).toEqual([20, 20]);
  });
});
