import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Monitor } from '../../../src/dask/monitor.ts';
import { eventually, freePort, Scheduler } from './processes.ts';
import { ENDS, pythonOf } from './pythons.ts';

let monitor: Monitor;
const opened = () => (monitor = new Monitor({ onSample: () => undefined }));
afterEach(async () => monitor.close());

const target = (url: string, attempt = 1) => ({
  url,
  uid: 'uid-1',
  attempt,
  intervalSeconds: 1,
  drain: [],
  drainSeconds: 60,
});
const cause = (key = 'run') => monitor.newest(key)?.cause;
/** Sockets and timers that keep the process alive; the test runner has some of its own. */
const resources = () =>
  process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|Timeout/.test(kind)).length;

describe.each(ENDS)('a monitor of real schedulers, %s', (end) => {
  let python: string;
  beforeAll(async () => {
    python = await pythonOf(end);
  });

  it('tells why there is no sample yet, and has one once the scheduler is up', async () => {
    const ports: [number, number] = [await freePort(), await freePort()];
    opened().track('run', target(`ws://127.0.0.1:${ports[1]}`));
    await eventually(() => cause()?.startsWith('unreachable: '));
    expect(monitor.newest('run')).toMatchObject({ sample: undefined, since: expect.any(Number) });
    await using _scheduler = await Scheduler.start(python, { ports });
    await eventually(() => monitor.newest('run')?.sample);
    expect(cause()).toBeUndefined();
  });

  it('keeps the last sample with its age and a cause when the scheduler is killed, and finds the next one', async () => {
    const ports: [number, number] = [await freePort(), await freePort()];
    opened();
    {
      await using _scheduler = await Scheduler.start(python, { ports });
      monitor.track('run', target(`ws://127.0.0.1:${ports[1]}`));
      await eventually(() => monitor.newest('run')?.sample);
    }
    await eventually(() => cause()?.startsWith('unreachable: '));
    const kept = monitor.newest('run');
    expect(kept).toMatchObject({ sample: { uid: 'uid-1' }, receivedAt: expect.any(Number) });
    await using _scheduler = await Scheduler.start(python, { ports });
    await eventually(() => cause() === undefined);
    expect(monitor.newest('run')?.sample?.time).toBeGreaterThan(kept!.sample!.time);
  });

  it('tells a scheduler that stands still by its time-out, and goes on when it does', async () => {
    await using scheduler = await Scheduler.start(python);
    opened().track('run', target(scheduler.url));
    await eventually(() => monitor.newest('run')?.sample);
    scheduler.signal('SIGSTOP');
    await eventually(() => cause()?.startsWith('timeout: '));
    const kept = monitor.newest('run')?.sample?.time;
    expect(kept).toBeGreaterThan(0);
    scheduler.signal('SIGCONT');
    await eventually(() => cause() === undefined);
    expect(monitor.newest('run')?.sample?.time).toBeGreaterThan(kept!);
  });

  it("does not take another attempt's scheduler for its own, and forgets what it knew when the target changes", async () => {
    await using scheduler = await Scheduler.start(python);
    opened().track('run', target(scheduler.url));
    await eventually(() => monitor.newest('run')?.sample);
    monitor.track('run', target(scheduler.url, 2));
    expect(monitor.newest('run')?.sample).toBeUndefined();
    await eventually(() => /^protocol: .*attempt 1 of uid-1/.test(cause() ?? ''));
    expect(monitor.newest('run')?.sample).toBeUndefined();
  });

  it('leaves no socket and no timer behind after 200 monitors', async () => {
    await using scheduler = await Scheduler.start(python);
    opened().track('run', target(scheduler.url));
    await eventually(() => monitor.newest('run')?.sample, 30);
    await monitor.close();
    await eventually(() => process.getActiveResourcesInfo().every((kind) => !kind.startsWith('TCPSocket')));
    const before = resources();
    for (let round = 0; round < 4; round++) {
      const monitors = Array.from({ length: 50 }, () => new Monitor({ onSample: () => undefined }));
      for (const [at, each] of monitors.entries()) {
        each.track('run', target(scheduler.url));
        // Some are closed while they connect, some while they wait to try again, the rest in the middle of a poll.
        each.track('nobody', target('ws://127.0.0.1:1'));
        if (at % 5 === 0) void each.close();
      }
      await eventually(
        () => monitors.every((each, at) => at % 5 === 0 || each.newest('run')?.sample !== undefined),
        60,
      );
      await Promise.all(monitors.map(async (each) => each.close()));
    }
    await eventually(() => resources() <= before);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')).toEqual([]);
    await using client = await scheduler.client(python);
    const comms = 'len([c for c in dask_scheduler._comms if not c.closed()])';
    await client.run(`def comms(dask_scheduler):\n    return ${comms}`);
    // The client's own two.
    await eventually(async () => Number(await client.run('', 'client.run_on_scheduler(comms)')) <= 2);
  });
});
