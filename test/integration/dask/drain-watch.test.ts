import { beforeAll, describe, expect, it } from 'vitest';
import { Followed } from './followed.ts';
import { eventually, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

/** Far below the interval of the polls; the real time, some 20 ms, is a matter of the machine. */
const AT_ONCE_MS = 3000;
const INTERVAL_SECONDS = 50;

describe.each(ENDS)('a watch with a long poll pending, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('tells the scheduler at once which workers shall leave, and hears at once how far they are', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler, INTERVAL_SECONDS);
    await using first = scheduler.worker(python, 'w-0');
    await using _second = scheduler.worker(python, 'w-1');
    await followed.works('w-0', 'w-1');
    await using client = await scheduler.client(python);
    await client.run(
      'import time\nf = client.submit(time.sleep, 6, workers=["w-0"], allow_other_workers=True, pure=False)',
    );
    await eventually(() => followed.worker('w-0')?.processing === 1);
    const timed = async (action: () => void, seen: () => boolean) => {
      const start = performance.now();
      action();
      await eventually(seen);
      return performance.now() - start;
    };
    const drain = () => followed.worker('w-0')?.drain;
    expect(
      await timed(
        () => followed.drain(['w-0']),
        () => drain() === 'executing',
      ),
    ).toBeLessThan(AT_ONCE_MS);
    expect(
      await timed(
        () => followed.drain([]),
        () => drain() === null,
      ),
    ).toBeLessThan(AT_ONCE_MS);
    await followed.works('w-0', 'w-1');
    followed.drain(['w-0']);
    expect(await first.ended).toBe(0);
    expect(
      await timed(
        () => undefined,
        () => drain() === 'retired',
      ),
    ).toBeLessThan(AT_ONCE_MS);
  });

  it('leaves no socket and no comm behind after 200 changes', async () => {
    await using scheduler = await Scheduler.start(python);
    await using followed = await Followed.start(scheduler, INTERVAL_SECONDS);
    await using client = await scheduler.client(python);
    await client.run(
      'def comms(dask_scheduler):\n    return [op for c, op in dask_scheduler._comms.items() if op == "flowrun_sample"]',
    );
    const polls = async () => {
      const held = await client.run('', 'client.run_on_scheduler(comms)');
      return Array.isArray(held) ? held.length : undefined;
    };
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    for (let change = 0; change < 200; change++) {
      followed.drain([`w-${change}`]);
      // Some come in a burst, the others each into a poll that waits already.
      if (change % 4 === 0) await eventually(async () => (await polls()) === 1);
    }
    await eventually(async () => (await polls()) === 1);
    expect(sockets()).toBe(1);
    followed.forget();
    await eventually(() => sockets() === 0);
    await eventually(async () => (await polls()) === 0);
  });
});
