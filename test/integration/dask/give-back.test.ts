import { beforeAll, describe, expect, it } from 'vitest';
import { counting } from './counting.ts';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

const RESOURCES = ['--resources', 'R=1'];

describe.each(ENDS)('a worker that is no longer named, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('works on, though it was moving tasks off', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0', { args: RESOURCES });
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'fs = client.map(work, range(20), seconds=0.3, resources={"R": 1}, pure=False)\nwhile runs()[0] < 1: time.sleep(0.05)',
    );
    await using _second = scheduler.worker(python, 'w-1', { args: RESOURCES });
    // A worker that does not answer keeps its tasks.
    first.signal('SIGSTOP');
    await followed.works('w-1');
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'moving');
    followed.drain([]);
    await eventually(() => followed.worker('w-0')?.drain === null);
    first.signal('SIGCONT');
    await followed.works('w-0', 'w-1');
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(190);
    expect(await client.run('', 'runs()')).toEqual([20, 20]);
    const before = Number(await client.run('', 'runs_on("w-0")'));
    expect(await client.run('', 'client.submit(work, 99, workers=["w-0"]).result()')).toBe(99);
    expect(await client.run('', 'runs_on("w-0")')).toBe(before + 1);
  });

  it('works on, though it was ending what ran; named and not named again and again it leaves all the same', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0', { args: ['--nthreads', '2'] });
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'f = client.submit(work, 1, 8, workers=["w-0"], allow_other_workers=True)\nwhile runs_on("w-0") < 1: time.sleep(0.05)',
    );
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'executing');
    followed.drain([]);
    await followed.works('w-0', 'w-1');
    expect(await client.run('', 'client.submit(work, 2, workers=["w-0"]).result()')).toBe(2);
    expect(await client.run('', 'f.status')).toBe('pending');
    for (let times = 0; times < 20; times++) followed.drain(times % 2 === 0 ? ['w-0'] : []);
    followed.drain(['w-0']);
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'f.result()')).toBe(1);
    expect(await client.run('', 'runs()')).toEqual([2, 2]);
  });

  it('works on, though its results were being copied', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run('fs = client.map(work, range(20), pure=False)\nwait(fs)');
    await using second = scheduler.worker(python, 'w-1');
    await followed.works('w-1');
    second.signal('SIGSTOP');
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'retiring');
    followed.drain([]);
    await followed.works('w-0');
    expect(await client.run('', 'client.submit(work, 99, workers=["w-0"]).result()')).toBe(99);
    second.signal('SIGCONT');
    followed.drain(['w-0']);
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(190);
    expect(await client.run('', 'runs()')).toEqual([21, 21]);
  });

  it('works on after its retirement failed, and can be retired then', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0', { args: RESOURCES });
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'fs = client.map(work, range(8), seconds=1, resources={"R": 1}, pure=False)\nwhile runs()[0] < 1: time.sleep(0.05)',
    );
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'failed');
    expect(followed.worker('w-0')?.drain_cause).toMatch(/^no other worker may run work-/);
    // It works on at once, and stays failed for as long as it is named.
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(28);
    expect(await client.run('', 'runs()')).toEqual([8, 8]);
    await followed.reaches('w-0', 'failed');
    followed.drain([]);
    await followed.works('w-0', 'w-1');
    followed.drain(['w-0']);
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(28);
  });
});
