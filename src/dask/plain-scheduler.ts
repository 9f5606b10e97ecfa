import { z } from 'zod';
import { CommError } from './comm.ts';
import type { Rpc } from './rpc.ts';
import { parseSample, type Sample } from './sample.ts';

const ANSWER_MS = 5000;
/** Since then `adaptive_target` counts in workers; before, and without any worker, in threads. */
const COUNTS_WORKERS_SINCE = [2023, 8];

const counts = z.record(z.string(), z.unknown()).transform((record) => {
  const of = (state: string) => (typeof record[state] === 'number' ? record[state] : 0);
  const executing = of('executing');
  const longRunning = of('long-running');
  const unstarted = of('ready') + of('constrained') + of('waiting');
  return { executing, longRunning, processing: executing + longRunning + unstarted, memory: of('memory') };
});

const identity = z.object({
  workers: z.record(
    z.string(),
    z.object({
      name: z.union([z.string(), z.number(), z.bigint()]).transform(String),
      nthreads: z.number(),
      memory_limit: z.number().nullish(),
      resources: z.record(z.string(), z.number()).default({}),
      status: z.string().default('running'),
      metrics: z.object({ task_counts: counts.optional(), managed_bytes: z.number().default(0) }).default({
        managed_bytes: 0,
      }),
    }),
  ),
});

const versions = z.object({ packages: z.object({ distributed: z.string() }) });

interface Facts {
  uid: string;
  attempt: number;
  seq: number;
  /** Milliseconds since the epoch. */
  now: number;
  /** Of distributed. */
  version: string;
  /** What `adaptive_target` answered for these seconds. */
  target: number;
  targetSeconds: number;
  idleSeconds: number;
}

/**
 * A sample from what any scheduler tells by itself, for one that runs without the preload. Demand is whatever makes the
 * policy ask for as many workers as Dask's own rule does. That somebody wants results is assumed.
 */
export function plainSample(answer: unknown, facts: Facts): { sample: Sample } | { error: string } {
  const parsed = identity.safeParse(answer);
  if (!parsed.success) return { error: `identity: ${z.prettifyError(parsed.error)}`.slice(0, 300) };
  const workers = Object.entries(parsed.data.workers).map(
    ([address, { metrics, memory_limit, ...worker }]) => {
      const { memory: _, longRunning = 0, ...tasks } = metrics.task_counts ?? { memory: 0 };
      return {
        ...worker,
        address,
        processing: 0,
        ...tasks,
        long_running: longRunning,
        memory_limit: memory_limit ?? 0,
        nbytes: metrics.managed_bytes,
      };
    },
  );
  const processing = sum(workers.map((worker) => worker.processing));
  const slots = threadsAskedFor(
    facts,
    workers.map(({ nthreads }) => nthreads),
  );
  const unfinished = Math.max(slots, processing);
  return parseSample({
    version: 1,
    uid: facts.uid,
    attempt: facts.attempt,
    seq: facts.seq,
    time: facts.now / 1000,
    workers,
    workers_total: workers.length,
    tasks: {
      total: unfinished,
      waiting: 0,
      queued: unfinished - processing,
      no_worker: 0,
      processing,
      memory: sum(Object.values(parsed.data.workers).map(({ metrics }) => metrics.task_counts?.memory ?? 0)),
      erred: 0,
      finished: 0,
      failed: 0,
    },
    prefixes: {},
    demand:
      unfinished === 0
        ? []
        : [{ resources: {}, tasks: unfinished, unknown: 0, seconds: slots * facts.targetSeconds }],
    keys_wanted: true,
    idle_seconds: facts.idleSeconds,
    fallback: true,
    result: null,
    launcher_seen: false,
    versions: { distributed: facts.version },
  });
}

/** When Dask's rule asks for fewer workers than there are, it counts in workers in all releases. */
function threadsAskedFor({ version, target }: Facts, threads: readonly number[]): number {
  const perWorker = threads.length === 0 ? 1 : sum(threads) / threads.length;
  const [year = 0, month = 0] = version.split('.').map(Number);
  const [sinceYear = 0, sinceMonth = 0] = COUNTS_WORKERS_SINCE;
  const countsWorkers = year > sinceYear || (year === sinceYear && month >= sinceMonth);
  return Math.ceil(target < threads.length || countsWorkers ? target * perWorker : target);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

interface Asker {
  uid: string;
  attempt: number;
  targetSeconds?: number | undefined;
}

/** A scheduler without the preload, asked again and again over one connection. */
export class PlainScheduler {
  readonly #rpc: Rpc;
  readonly #now: () => number;
  #version: string | undefined;
  #seq = 0;
  #busyAt: number;

  constructor(rpc: Rpc, now: () => number) {
    this.#rpc = rpc;
    this.#now = now;
    this.#busyAt = now();
  }

  async poll({ uid, attempt, targetSeconds = 5 }: Asker): Promise<Sample | CommError> {
    if (this.#version === undefined) {
      const answer = await this.#rpc.call('versions', {}, ANSWER_MS);
      if (answer instanceof CommError) return answer;
      this.#version = versions.safeParse(answer).data?.packages.distributed ?? '';
    }
    const target = await this.#rpc.call('adaptive_target', { target_duration: targetSeconds }, ANSWER_MS);
    if (target instanceof CommError) return target;
    if (typeof target !== 'number')
      return new CommError('protocol', 'the scheduler knows neither the FlowRun preload nor adaptive_target');
    const answer = await this.#rpc.call('identity', {}, ANSWER_MS);
    if (answer instanceof CommError) return answer;
    const now = this.#now();
    const facts = { uid, attempt, seq: ++this.#seq, now, version: this.#version, target, targetSeconds };
    const made = plainSample(answer, { ...facts, idleSeconds: (now - this.#busyAt) / 1000 });
    if ('error' in made) return new CommError('protocol', made.error);
    if (made.sample.demand.length === 0) return made.sample;
    this.#busyAt = now;
    return { ...made.sample, idle_seconds: 0 };
  }
}
