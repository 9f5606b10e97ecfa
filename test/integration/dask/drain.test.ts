import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { counting } from './counting.ts';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';
import { tracebackIn } from './traceback.ts';

const WORKER_PRELOAD = fileURLToPath(new URL('../../../src/dask/python/worker_preload.py', import.meta.url));

describe.each(ENDS)('a drain, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it.each([
    ['without nannies', []],
    ['with nannies', ['--nanny', '--preload-nanny', WORKER_PRELOAD]],
  ])('lets exactly the named workers go and loses no result, %s', async (_, args) => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0', { args });
    await using second = scheduler.worker(python, 'w-1', { args });
    await using third = scheduler.worker(python, 'w-2', { args });
    await followed.works('w-0', 'w-1', 'w-2');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run('fs = client.map(work, range(90), pure=False)\nwait(fs)');
    await eventually(
      async () => Number(await client.run('', 'min(results_on("w-0"), results_on("w-2"))')) > 5,
    );

    followed.drain(['w-0', 'w-2']);
    expect(await Promise.all([first.ended, third.ended])).toEqual([0, 0]);
    await followed.reaches('w-0', 'retired');
    await followed.reaches('w-2', 'retired');
    expect(followed.worker('w-0')).toMatchObject({ status: 'closed', processing: 0 });
    expect(followed.sample).toMatchObject({ workers_total: 1, keys_wanted: true });
    expect(followed.worker('w-1')).toMatchObject({ status: 'running', drain: null });
    expect(second.child.exitCode).toBeNull();
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(4005);
    expect(await client.run('', 'runs()')).toEqual([90, 90]);

    // Without results it may go down to nothing.
    await client.run('del fs');
    await eventually(() => followed.sample?.keys_wanted === false);
    followed.drain(['w-1']);
    expect(await second.ended).toBe(0);
    await eventually(() => followed.sample?.workers_total === 0);
    expect(tracebackIn(scheduler.output)).toEqual([]);
  });

  it('of a worker that comes up when it is named already begins before its first task', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run('fs = client.map(work, range(8), seconds=0.2, pure=False)');
    followed.drain(['w-0']);
    // The order travels with the next poll, and a worker takes longer to start.
    await using first = scheduler.worker(python, 'w-0');
    expect(await first.ended).toBe(0);
    expect(first.output).toContain('Registered to');
    await using _second = scheduler.worker(python, 'w-1');
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(28);
    expect(await client.run('', '[runs(), runs_on("w-0")]')).toEqual([[8, 8], 0]);
  });

  it('moves what has not started, and lets what runs end where it is', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    const args = ['--resources', 'R=1'];
    await using first = scheduler.worker(python, 'w-0', { args });
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    // All of them sit on the only worker that fits.
    await client.run(
      'fs = client.map(work, range(24), seconds=0.5, resources={"R": 1}, pure=False)\nwhile runs()[0] < 2: time.sleep(0.05)',
    );
    await using _second = scheduler.worker(python, 'w-1', { args });
    await followed.works('w-1');
    followed.drain(['w-0']);
    await eventually(() => followed.worker('w-0')?.drain ?? undefined);
    const ran = Number(await client.run('', 'runs_on("w-0")'));
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'runs_on("w-0")')).toBe(ran);
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(276);
    expect(await client.run('', 'runs()')).toEqual([24, 24]);
  });

  it('does so too where work stealing and the memory manager are switched off', async () => {
    await using scheduler = await Scheduler.start(python, {
      env: {
        DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING: 'False',
        DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__START: 'False',
      },
    });
    await using followed = await Followed.start(scheduler);
    const args = ['--resources', 'R=1'];
    await using first = scheduler.worker(python, 'w-0', { args });
    await using _second = scheduler.worker(python, 'w-1', { args });
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    // Each gets its half at once.
    await client.run(
      'fs = client.map(work, range(16), seconds=1, resources={"R": 1}, pure=False)\nwhile runs()[0] < 4: time.sleep(0.05)',
    );
    followed.drain(['w-0']);
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(120);
    expect(await client.run('', 'runs()')).toEqual([16, 16]);
    expect(await client.run('', 'runs_on("w-1")')).toBeGreaterThan(8);
    // Nothing balances of its own accord, and nothing copies, now as before.
    const left =
      'client.run_on_scheduler(lambda dask_scheduler: [k for k in dask_scheduler.periodic_callbacks if k == "stealing" or k.startswith("amm")])';
    await eventually(async () => JSON.stringify(await client.run('', left)) === '[]');
    expect(tracebackIn(scheduler.output)).toEqual([]);
  });

  it('waits for a task that has seceded', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await followed.works('w-0');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'from distributed import secede\ndef long():\n    secede()\n    return held(1)\nf = client.submit(long)',
    );
    await eventually(() => followed.worker('w-0')?.long_running === 1, 30);
    // It needs no thread, so nobody is wanted for it.
    expect(followed.sample?.demand).toEqual([]);
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-1');
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'executing');
    await client.run('go()');
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'f.result()')).toBe(1);
    expect(await client.run('', 'runs()')).toEqual([1, 1]);
  });

  it('refuses a worker with an actor, or with tasks bound to it, also such as wait for others', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await using _third = scheduler.worker(python, 'w-2');
    await followed.works('w-0', 'w-1', 'w-2');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'class Counter:\n    pass\nactor = client.submit(Counter, actor=True, workers=[address("w-0")]).result()',
    );
    await eventually(() => followed.worker('w-0')?.pinned);
    await client.run(
      'slow = client.submit(held, 1, workers=[address("w-2")])\nbound = client.submit(work, slow, workers=[address("w-1")])',
    );
    await eventually(() => followed.sample?.tasks.waiting === 1);
    followed.drain(['w-0', 'w-1']);
    await followed.reaches('w-0', 'failed');
    await followed.reaches('w-1', 'failed');
    expect(followed.worker('w-0')?.drain_cause).toBe('it holds an actor');
    expect(followed.worker('w-1')).toMatchObject({
      drain_cause: 'unfinished tasks are bound to it',
      status: 'running',
      pinned: true,
    });
    followed.drain([]);
    await followed.works('w-0', 'w-1', 'w-2');
    await client.run('go()');
    expect(await client.run('', 'bound.result()')).toBe(1);
    expect(await client.run('', 'runs_on("w-1")')).toBe(1);
  });

  it('keeps one of all workers while there are results, and none when there are none', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await using second = scheduler.worker(python, 'w-1');
    await using third = scheduler.worker(python, 'w-2');
    await followed.works('w-0', 'w-1', 'w-2');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run('fs = client.map(work, range(60), pure=False)\nwait(fs)');
    followed.drain(['w-0', 'w-1', 'w-2']);
    await eventually(
      () =>
        followed.sample?.workers_total === 1 &&
        followed.sample.workers.find(({ drain, status }) => drain === 'failed' && status === 'running'),
      60,
    );
    expect(followed.sample?.workers.map(({ drain }) => drain).toSorted()).toEqual([
      'failed',
      'retired',
      'retired',
    ]);
    expect(followed.sample?.workers.find(({ drain }) => drain === 'failed')?.drain_cause).toBe(
      'no other worker can take its results',
    );
    expect(await client.run('', 'sum(client.gather(fs))')).toBe(1770);
    expect(await client.run('', 'runs()')).toEqual([60, 60]);

    await client.run('del fs');
    await eventually(() => followed.sample?.keys_wanted === false);
    followed.drain([]);
    await eventually(() => followed.sample?.workers.every(({ drain }) => drain === null));
    followed.drain(['w-0', 'w-1', 'w-2']);
    expect(await Promise.all([first.ended, second.ended, third.ended])).toEqual([0, 0, 0]);
  });

  it('gives a worker back past its deadline, also when the operator is gone meanwhile', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using _first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'f = client.submit(held, 1, workers=["w-0"], allow_other_workers=True)\nwhile runs_on("w-0") < 1: time.sleep(0.05)',
    );
    followed.drain(['w-0'], 3);
    await followed.reaches('w-0', 'executing');
    followed.forget();
    await client.run(
      'def status(dask_scheduler):\n    return dask_scheduler.workers[dask_scheduler.aliases["w-0"]].status.name',
    );
    expect(await client.run('', 'client.run_on_scheduler(status)')).toBe('closing_gracefully');
    await eventually(async () => (await client.run('', 'client.run_on_scheduler(status)')) === 'running');
    followed.drain(['w-0'], 3);
    await followed.reaches('w-0', 'failed');
    expect(followed.worker('w-0')?.drain_cause).toBe('still executing after 3 seconds');
    await client.run('go()');
    expect(await client.run('', 'f.result()')).toBe(1);
    expect(await client.run('', 'client.submit(work, 2, workers=["w-0"]).result()')).toBe(2);
    expect(await client.run('', 'runs_on("w-0")')).toBe(2);
  });

  it('goes on as it was when the operator comes back with the same names', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'f = client.submit(held, 1, workers=["w-0"], allow_other_workers=True)\nwhile runs_on("w-0") < 1: time.sleep(0.05)\nat = address("w-0")',
    );
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'executing');
    for (let times = 0; times < 3; times++) {
      followed.forget();
      followed.drain(['w-0', 'w-7']);
      await followed.reaches('w-0', 'executing');
    }
    const changes =
      '[e[1]["status"] for e in client.get_events(at) if e[1]["action"] == "worker-status-change"]';
    expect(await client.run('', changes)).toEqual(['running', 'closing_gracefully']);
    await client.run('go()');
    expect(await first.ended).toBe(0);
    expect(await client.run('', 'f.result()')).toBe(1);
    expect(await client.run('', 'runs()')).toEqual([1, 1]);
  });

  it('forgets a worker that is killed meanwhile', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler);
    await using first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await using _counted = await counting(client);
    await client.run(
      'f = client.submit(held, 1, workers=["w-0"], allow_other_workers=True)\nwhile runs_on("w-0") < 1: time.sleep(0.05)',
    );
    followed.drain(['w-0']);
    await followed.reaches('w-0', 'executing');
    first.signal('SIGKILL');
    await eventually(() => followed.sample?.workers.length === 1, 60);
    // The task runs again, on the worker that is left.
    await client.run('go()');
    expect(await client.run('', 'f.result()')).toBe(1);
    expect(await client.run('', '[runs_on("w-0"), runs_on("w-1")]')).toEqual([1, 1]);
    expect(tracebackIn(scheduler.output)).toEqual([]);
  });
});
