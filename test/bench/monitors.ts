import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Monitor } from '../../src/dask/monitor.ts';
import type { Context } from './context.ts';
import { spread, table } from './stats.ts';

const CONNECTIONS = 5000;
/** Seconds between the samples of one run: as often as a run that scales by default, as one of fixed size, and as seldom as can be. */
const INTERVALS = [1, 5, 60];
const MEASURED_SECONDS = 20;
const LIMIT_CORES = 0.5;
/** So many connect at a time: a user's scheduler has a few seconds for the handshake. */
const BATCH = 250;
const REPORTED = 1000;

/** What following 5 000 schedulers costs the operator: parts of one core, and memory. */
export async function monitors({
  repetitions,
  say,
  signal,
}: Pick<Context, 'repetitions' | 'say' | 'signal'>) {
  await using stack = new AsyncDisposableStack();
  const url = await scriptedScheduler(stack);
  const rows: string[][] = [['interval', 'samples/s', 'of one core', 'MiB', `limit ${LIMIT_CORES}`]];
  for (const intervalSeconds of INTERVALS) {
    let samples = 0;
    const monitor = new Monitor({ onSample: () => (samples += 1) });
    try {
      const before = memory();
      const progress = (what: string) => say(`  every ${intervalSeconds} s: ${what}`);
      await connect(monitor, url, { intervalSeconds, signal, progress });
      const cores: number[] = [];
      const rates: number[] = [];
      for (let repetition = 0; repetition < repetitions; repetition++) {
        samples = 0;
        const start = performance.now();
        const used = process.cpuUsage();
        await sleep(Math.max(MEASURED_SECONDS, intervalSeconds) * 1000, undefined, { signal });
        const seconds = (performance.now() - start) / 1000;
        const { user, system } = process.cpuUsage(used);
        cores.push((user + system) / 1e6 / seconds);
        rates.push(samples / seconds);
        progress(`${repetition + 1} of ${repetitions} measured`);
      }
      const held = Math.round((memory() - before) / 2 ** 20);
      const verdict = Math.max(...cores) <= LIMIT_CORES ? 'within' : 'above';
      rows.push([`${intervalSeconds} s`, spread(rates), spread(cores), String(held), verdict]);
    } finally {
      await monitor.close();
    }
  }
  say(`${CONNECTIONS} schedulers with 10 workers each: least, median, most of ${repetitions} measurements\n`);
  say(table(rows));
}

async function connect(
  monitor: Monitor,
  url: string,
  {
    intervalSeconds,
    signal,
    progress,
  }: { intervalSeconds: number; signal: AbortSignal; progress: (what: string) => void },
): Promise<void> {
  for (let first = 0; first < CONNECTIONS; first += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, CONNECTIONS - first) }, (_, at) => `run-${first + at}`);
    for (const key of keys)
      monitor.track(key, { url, uid: 'uid', attempt: 1, intervalSeconds, drain: [], drainSeconds: 300 });
    while (keys.some((key) => monitor.newest(key)?.sample === undefined))
      await sleep(20, undefined, { signal });
    if ((first + BATCH) % REPORTED === 0) progress(`${first + BATCH} connected`);
  }
}

function memory(): number {
  return process.memoryUsage().rss;
}

/** In a process of its own, so that its work is not counted. Its URL. */
async function scriptedScheduler(stack: AsyncDisposableStack): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'scripted-scheduler.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stack.defer(async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.stdin.end();
    await ended;
  });
  const [port] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the scripted scheduler ended'))),
  ]);
  return `ws://127.0.0.1:${port}`;
}
