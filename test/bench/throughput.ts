import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { venv } from '../../images/venv.ts';
import { CommError } from '../../src/dask/comm.ts';
import { Monitor } from '../../src/dask/monitor.ts';
import { Rpc } from '../../src/dask/rpc.ts';
import { type Driver, eventually, Process, Scheduler } from '../integration/dask/processes.ts';
import type { Context } from './context.ts';
import { spread, table } from './stats.ts';

/** Workers of one thread each, all in one process: a hundred processes would not leave a core to the scheduler. */
const WORKERS = 100;
const TASKS = 20_000;
const QUEUED = 100_000;
const ASKED = 100;
const CLOCK_TICKS_PER_SECOND = 100;

interface Cluster extends AsyncDisposable {
  scheduler: Scheduler;
  client: Driver;
}

/** What the preload and a poll a second cost a scheduler: its task throughput beside a plain one's, and one answer. */
export async function throughput({ repetitions, say }: Pick<Context, 'repetitions' | 'say'>): Promise<void> {
  const python = await venv('prefect3');
  const plain: Run[] = [];
  const preloaded: Run[] = [];
  // In turns, so that what else the machine does meets both.
  for (let repetition = 0; repetition < repetitions; repetition++) {
    plain.push(await runTasks(python, true));
    preloaded.push(await runTasks(python, false));
  }
  const ratios = (of: (run: Run) => number) =>
    preloaded.map((run, at) => of(run) / of(plain[at] ?? { rate: Number.NaN, cpu: Number.NaN }));
  say(
    `${TASKS} tasks of nothing on ${WORKERS} workers of one thread: least, median, most of ${repetitions}\n`,
  );
  say(
    table([
      ['', 'without preload', 'with it, polled', 'ratio', 'limit'],
      [
        'tasks/s',
        ...[plain, preloaded].map((runs) => spread(runs.map(({ rate }) => rate))),
        spread(ratios(({ rate }) => rate)),
        '≥ 0.99',
      ],
      [
        'scheduler ms CPU/task',
        ...[plain, preloaded].map((runs) => spread(runs.map(({ cpu }) => cpu))),
        spread(ratios(({ cpu }) => cpu)),
        '≤ 1.01',
      ],
    ]),
  );
  say(
    `\nms for one answer with ${QUEUED} tasks queued and ${WORKERS} workers: least, median, most of ${ASKED}\n`,
  );
  say(table([['operation', 'ms'], ...(await askQueued(python))]));
}

interface Run {
  /** Tasks a second. */
  rate: number;
  /** Milliseconds of the scheduler's processor time for each task. */
  cpu: number;
}

async function runTasks(python: string, plain: boolean): Promise<Run> {
  await using cluster = await start(python, plain);
  await using monitor = plain ? undefined : followed(cluster.scheduler);
  const { client, scheduler } = cluster;
  await client.run('wait(client.map(nothing, range(2000), pure=False))');
  const used = await processorSeconds(scheduler);
  const seconds = Number(
    await client.run(
      `start = time.monotonic()\nfs = client.map(nothing, range(${TASKS}), pure=False)\nwait(fs)`,
      'time.monotonic() - start',
    ),
  );
  const spent = (await processorSeconds(scheduler)) - used;
  monitor?.newest();
  return { rate: TASKS / seconds, cpu: (spent * 1000) / TASKS };
}

async function askQueued(python: string): Promise<string[][]> {
  await using cluster = await start(python, false);
  await cluster.client.run(`fs = client.map(time.sleep, [3600] * ${QUEUED}, pure=False)`);
  const rpc = await Rpc.open(cluster.scheduler.url);
  if (rpc instanceof CommError) throw rpc;
  try {
    const ask = async (op: string, args: Record<string, unknown>) => {
      const start = performance.now();
      const answer = await rpc.call(op, args, 60_000);
      if (answer instanceof CommError) throw answer;
      return { answer, milliseconds: performance.now() - start };
    };
    const sample = { after: -1, wait: 0 };
    await eventually(async () => {
      const { answer } = await ask('flowrun_sample', sample);
      return JSON.stringify(answer).includes(`"total":${QUEUED}`);
    }, 300);
    const rows: string[][] = [];
    const operations = { flowrun_sample: sample, adaptive_target: { target_duration: 5 }, identity: {} };
    for (const [op, args] of Object.entries(operations)) {
      const times: number[] = [];
      for (let time = 0; time < ASKED; time++) times.push((await ask(op, args)).milliseconds);
      rows.push([op, spread(times)]);
    }
    return rows;
  } finally {
    rpc.close();
  }
}

async function start(python: string, plain: boolean): Promise<Cluster> {
  const stack = new AsyncDisposableStack();
  try {
    const scheduler = stack.use(await Scheduler.start(python, { plain }));
    const client = stack.use(await scheduler.client(python));
    const script = join(import.meta.dirname, 'workers.py');
    stack.use(new Process(python, ['-u', script, scheduler.address, '0', String(WORKERS)]));
    await client.run(
      `import time\nfrom distributed import wait\nclient.wait_for_workers(${WORKERS}, timeout=300)\ndef nothing(x):\n    return None`,
    );
    return { scheduler, client, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Polled once a second, as an adaptive cluster is. */
function followed(scheduler: Scheduler) {
  const monitor = new Monitor({ onSample: () => undefined });
  monitor.track('run', {
    url: scheduler.url,
    uid: 'uid-1',
    attempt: 1,
    intervalSeconds: 1,
    drain: [],
    drainSeconds: 300,
  });
  return {
    /** Throws when nothing has been heard: then nothing was measured. */
    newest: () => {
      const newest = monitor.newest('run');
      if (newest?.sample === undefined) throw new Error(`no sample: ${newest?.cause}`);
    },
    [Symbol.asyncDispose]: async () => monitor.close(),
  };
}

/** User and system time of a process so far. */
async function processorSeconds({ child }: Process): Promise<number> {
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  // The second field, a name in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}
