import { join } from 'node:path';
import { z } from 'zod';
import { venv } from '../../images/venv.ts';
import { CommError } from '../../src/dask/comm.ts';
import { Monitor } from '../../src/dask/monitor.ts';
import { Rpc } from '../../src/dask/rpc.ts';
import { type Driver, eventually, Process, Scheduler } from '../integration/dask/processes.ts';
import type { Context } from './context.ts';
import { spread, summarise, table } from './stats.ts';

/** Workers of one thread each, all in one process: a hundred processes would not leave a core to the scheduler. */
const WORKERS = 100;
const TASKS = 2000;
const ROUNDS = 15;
const QUEUED = 100_000;
const ASKED = 100;

/** For the client: batches of tasks, with what they took of the clock and of the scheduler's processor, in seconds. */
const BATCHES = `
import time
from distributed import wait

def nothing(x):
    return None

def processor():
    return time.process_time()

def metering(dask_scheduler=None):
    # The processor time of what the operator has there: its ticks, and its connection (the only one by WebSocket).
    import types

    dask_scheduler.flowrun_seconds = 0.0

    def timed(step, *args):
        start = time.thread_time()
        try:
            return step(*args)
        finally:
            dask_scheduler.flowrun_seconds += time.thread_time() - start

    @types.coroutine
    def stepped(coroutine):
        value = None
        while True:
            try:
                waited = timed(coroutine.send, value)
            except StopIteration as stop:
                return stop.value
            value = yield waited

    tick = dask_scheduler.periodic_callbacks["flowrun"]
    look = tick.callback
    tick.callback = lambda: timed(look)
    serve = dask_scheduler._handle_comm

    async def serve_timed(comm):
        await (stepped(serve(comm)) if comm.local_address.startswith("ws") else serve(comm))

    dask_scheduler._handle_comm = serve_timed

def metered(dask_scheduler=None):
    return dask_scheduler.flowrun_seconds

def ticking(on, dask_scheduler=None):
    tick = dask_scheduler.periodic_callbacks["flowrun"]
    tick.start() if on else tick.stop()

def left(dask_scheduler=None):
    return len(dask_scheduler.tasks)

def batch():
    used, looked = client.run_on_scheduler(processor), client.run_on_scheduler(metered)
    start = time.monotonic()
    futures = client.map(nothing, range(${TASKS}), pure=False)
    wait(futures)
    seconds = time.monotonic() - start
    used = client.run_on_scheduler(processor) - used
    looked = client.run_on_scheduler(metered) - looked
    del futures
    while client.run_on_scheduler(left):
        time.sleep(0.05)
    return [seconds, used, looked]

client.run_on_scheduler(metering)
client.wait_for_workers(${WORKERS}, timeout=300)
`;

interface Cluster extends AsyncDisposable {
  scheduler: Scheduler;
  client: Driver;
}

interface Batch {
  /** Tasks a second. */
  rate: number;
  /** Milliseconds of the scheduler's processor time for each task. */
  cpu: number;
  /** Percent of it for the operator: ticks of the preload, and answers. */
  share: number;
}

/** A batch while the operator looks, between two while it does not: what else the machine does meets all three. */
interface Round {
  off: readonly [Batch, Batch];
  on: Batch;
  /** Answers during `on`. */
  samples: number;
}

/** What ticks of the preload and a poll a second cost a scheduler: its task throughput with and without them, and one answer. */
export async function throughput({ repetitions, say }: Pick<Context, 'repetitions' | 'say'>): Promise<void> {
  const python = await venv('prefect3');
  const rounds = await playRounds(python, ROUNDS * repetitions, say);
  const mean = (of: (batch: Batch) => number, { off: [before, after] }: Round) =>
    (of(before) + of(after)) / 2;
  const row = (name: string, of: (batch: Batch) => number, limit: string) => [
    name,
    spread(rounds.map((round) => mean(of, round))),
    spread(rounds.map(({ on }) => of(on))),
    thousandths(rounds.map((round) => of(round.on) / mean(of, round))),
    thousandths(rounds.map(({ off: [before, after] }) => of(after) / of(before))),
    limit,
  ];
  const samples = rounds.reduce((sum, round) => sum + round.samples, 0);
  say(
    `${rounds.length} × ${TASKS} tasks of nothing on ${WORKERS} workers of one thread, ${samples} answers: least, median, most\n`,
  );
  say(
    table([
      ['', 'without', 'ticks, polled', 'ratio', 'without / without', 'limit of the median'],
      row('tasks/s', ({ rate }) => rate, '≥ 0.99'),
      row('scheduler ms CPU/task', ({ cpu }) => cpu, '≤ 1.01'),
      ['of it ticks and answers, %', '–', spread(rounds.map(({ on }) => on.share)), '', '', '≤ 1'],
    ]),
  );
  say(
    `\nms for one answer with ${QUEUED} tasks queued and ${WORKERS} workers: least, median, most of ${ASKED}\n`,
  );
  say(table([['operation', 'ms'], ...(await askQueued(python))]));
}

function thousandths(values: readonly number[]): string {
  const { min, median, max } = summarise(values);
  return [min, median, max].map((value) => value.toFixed(3)).join('  ');
}

async function playRounds(python: string, count: number, say: Context['say']): Promise<Round[]> {
  await using cluster = await start(python);
  const { client, scheduler } = cluster;
  const batch = async (): Promise<Batch> => {
    const [seconds, used, looked] = Measured.parse(await client.run('measured = batch()', 'measured'));
    return { rate: TASKS / seconds, cpu: (used * 1000) / TASKS, share: (100 * looked) / used };
  };
  const quietly = async (): Promise<Batch> => {
    await client.run('client.run_on_scheduler(ticking, False)');
    return batch();
  };
  await batch();
  const rounds: Round[] = [];
  let before = await quietly();
  for (let round = 0; round < count; round++) {
    await client.run('client.run_on_scheduler(ticking, True)');
    const polled = await followed(scheduler, batch);
    const after = await quietly();
    rounds.push({ off: [before, after], on: polled.result, samples: polled.samples });
    before = after;
    if (round % ROUNDS === ROUNDS - 1) say(`… ${round + 1} of ${count} rounds`);
  }
  return rounds;
}

const Measured = z.tuple([z.number().positive(), z.number().positive(), z.number().nonnegative()]);

async function askQueued(python: string): Promise<string[][]> {
  await using cluster = await start(python);
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

async function start(python: string): Promise<Cluster> {
  const stack = new AsyncDisposableStack();
  try {
    const scheduler = stack.use(await Scheduler.start(python));
    const client = stack.use(await scheduler.client(python));
    const script = join(import.meta.dirname, 'workers.py');
    stack.use(new Process(python, ['-u', script, scheduler.address, '0', String(WORKERS)]));
    await client.run(BATCHES);
    return { scheduler, client, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Polled once a second meanwhile, as an adaptive cluster is. Throws when nothing was heard: then nothing was measured. */
async function followed<T>(
  scheduler: Scheduler,
  work: () => Promise<T>,
): Promise<{ result: T; samples: number }> {
  let samples = 0;
  const monitor = new Monitor({ onSample: () => samples++ });
  try {
    monitor.track('run', {
      url: scheduler.url,
      uid: 'uid-1',
      attempt: 1,
      intervalSeconds: 1,
      drain: [],
      drainSeconds: 300,
    });
    const result = await work();
    if (samples === 0) throw new Error(`no sample: ${monitor.newest('run')?.cause}`);
    return { result, samples };
  } finally {
    await monitor.close();
  }
}
