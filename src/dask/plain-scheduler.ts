import { z } from 'zod';
import { CommError } from './comm.ts';
import type { Rpc } from './rpc.ts';
import { parseSample, type Sample } from './sample.ts';

const ANSWER_MS = 5000;
/** Since then `adaptive_target` counts in workers; before, and without any worker, in threads. */
const COUNTS_WORKERS_SINCE = [2023, 8];

/** Tasks on a worker by state, as its heartbeat tells; newer releases leave out what is 0. */
const counts = z
  .record(z.string(), z.unknown())
  .catch({})
  .transform((record) => {
    const of = (state: string) => (typeof record[state] === 'number' ? record[state] : 0);
    const executing = of('executing');
    const seceded = of('long-running');
    const unstarted = of('ready') + of('constrained') + of('waiting');
    return { executing, seceded, processing: executing + seceded + unstarted, memory: of('memory') };
  });

const worker = z.object({
  name: z.union([z.string(), z.number(), z.bigint()]).transform(String),
  nthreads: z.number(),
  memory_limit: z.number().nullish(),
  resources: z.record(z.string(), z.number()).catch({}),
  status: z.string().catch('running'),
  // Empty until the first heartbeat.
  metrics: z.object({ task_counts: counts, managed_bytes: z.number().catch(0) }),
});

const identity = z.object({ workers: z.record(z.string(), worker) });

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
  /** When there was last something to do, in milliseconds since the epoch. */
  busyAt: number;
}

/**
 * A sample from what any scheduler tells by itself, for one that runs without the preload. Demand is whatever makes the
 * policy ask for as many workers as Dask's own rule does. That somebody wants results is assumed.
 */
export function plainSample(answer: unknown, facts: Facts): { sample: Sample } | { error: string } {
  const parsed = identity.safeParse(answer);
  if (!parsed.success) return { error: `identity: ${z.prettifyError(parsed.error)}`.slice(0, 300) };
  const all = Object.values(parsed.data.workers);
  const processing = sum(all.map(({ metrics }) => metrics.task_counts.processing));
  const slots = threadsAskedFor(
    facts,
    all.map(({ nthreads }) => nthreads),
  );
  const unfinished = Math.max(slots, processing);
  // Dask's rule also keeps workers for the results they hold.
  const busy = processing > 0 || facts.target > all.length;
  return parseSample({
    version: 1,
    uid: facts.uid,
    attempt: facts.attempt,
    seq: facts.seq,
    time: facts.now / 1000,
    workers: Object.entries(parsed.data.workers).map(describe),
    workers_total: all.length,
    tasks: {
      total: unfinished,
      waiting: 0,
      queued: unfinished - processing,
      no_worker: 0,
      processing,
      memory: sum(all.map(({ metrics }) => metrics.task_counts.memory)),
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
    idle_seconds: busy ? 0 : (facts.now - facts.busyAt) / 1000,
    fallback: true,
    result: null,
    launcher_seen: false,
    versions: { distributed: facts.version },
  });
}

function describe([address, { name, nthreads, memory_limit, resources, status, metrics }]: [
  string,
  z.infer<typeof worker>,
]) {
  const { executing, seceded, processing } = metrics.task_counts;
  return {
    name,
    address,
    nthreads,
    memory_limit: memory_limit ?? 0,
    resources,
    status,
    executing,
    long_running: seceded,
    processing,
    nbytes: metrics.managed_bytes,
  };
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
    if (typeof target !== 'number' || Number.isNaN(target))
      return new CommError('protocol', 'the scheduler knows neither the FlowRun preload nor adaptive_target');
    const answer = await this.#rpc.call('identity', {}, ANSWER_MS);
    if (answer instanceof CommError) return answer;
    const now = this.#now();
    const facts = { uid, attempt, seq: ++this.#seq, now, version: this.#version, targetSeconds };
    const made = plainSample(answer, { ...facts, target, busyAt: this.#busyAt });
    if ('error' in made) return new CommError('protocol', made.error);
    if (made.sample.idle_seconds === 0) this.#busyAt = now;
    return made.sample;
  }
}
