import { beforeAll, describe, expect, it } from 'vitest';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

describe.each(ENDS)('the demand that a sample tells, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('knows restricted tasks that sit on the one worker that fits, and plain ones on a special worker', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _special = scheduler.worker(python, 'w-0', { args: ['--resources', 'GPU=1'] });
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    await client.run(
      'import time\na = client.map(time.sleep, [60] * 50, resources={"GPU": 1}, pure=False)\nb = client.map(time.sleep, [60] * 9, pure=False)',
    );
    const tasksOf = (resources: Record<string, number>) =>
      followed.sample?.demand.find((group) => JSON.stringify(group.resources) === JSON.stringify(resources))
        ?.tasks;
    await eventually(() => followed.sample?.tasks.total === 59);
    // What sits on a worker is counted by a look at some of it.
    const [gpu = 0, plain = 0] = [tasksOf({ GPU: 1 }), tasksOf({})];
    expect(gpu + plain).toBe(59);
    expect(gpu).toBeGreaterThanOrEqual(48);
    expect(plain).toBeGreaterThanOrEqual(7);
    expect(followed.worker('w-0')?.processing).toBeGreaterThanOrEqual(50);
  });

  it('does not take a task for short that runs far longer than those before it', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _worker = scheduler.worker(python, 'w-0');
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    await client.run(
      'import time\nfrom distributed import wait\nwait(client.map(time.sleep, [0.05] * 20, pure=False))\nf = client.submit(time.sleep, 60)',
    );
    await eventually(() => followed.sample?.demand[0]?.tasks === 1);
    await eventually(() => (followed.sample?.demand[0]?.seconds ?? 0) > 3);
    expect(followed.sample?.demand).toMatchObject([{ resources: {}, tasks: 1, unknown: 1 }]);
  });

  it('tells since when there has been nothing to do, and what a worker may hold', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _worker = scheduler.worker(python, 'w-0', { args: ['--memory-limit', '300 MB'] });
    await followed.works('w-0');
    expect(followed.worker('w-0')?.memory_limit).toBe(3e8);
    await using client = await scheduler.client(python);
    await eventually(() => (followed.sample?.idle_seconds ?? 0) > 2);
    // Done long before anybody looks.
    await client.run('client.submit(int, 1).result()');
    await eventually(() => (followed.sample?.idle_seconds ?? 9) < 2);
    await eventually(() => (followed.sample?.idle_seconds ?? 0) > 2);
    await client.run('import time\nf = client.submit(time.sleep, 60)');
    await eventually(() => followed.sample?.idle_seconds === 0);
  });

  it('tells a worker that is paused for lack of memory', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _worker = scheduler.worker(python, 'w-0', { args: ['--memory-limit', '400 MB'] });
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    // Memory that Dask does not manage and cannot spill.
    await client.run(
      'def fill():\n    import builtins\n    builtins.filled = bytearray(b"x") * 370_000_000\nclient.submit(fill, pure=False)',
    );
    await eventually(() => followed.worker('w-0')?.status === 'paused', 60);
    expect(followed.worker('w-0')).toMatchObject({ memory_limit: 4e8, drain: null });
  });
});
