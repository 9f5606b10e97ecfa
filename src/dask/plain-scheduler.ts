import { z } from 'zod';
import { CommError } from './comm.ts';
import { PlainDrains, type PlainWorker } from './plain-drains.ts';
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
  last_seen: z.number().catch(0),
  // Empty until the first heartbeat.
  metrics: z.object({ task_counts: counts, managed_bytes: z.number().catch(0) }),
});

const identity = z.object({ workers: z.record(z.string(), worker) });
type Identity = z.infer<typeof identity>;

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
  /** There has been something to do. */
  begun: boolean;
  /** How far each worker is on its way out, by name. */
  drains: ReadonlyMap<string, NonNullable<Sample['workers'][number]['drain']>>;
}

/**
 * A sample from what any scheduler tells by itself, for one that runs without the preload. Demand is whatever makes the
 * policy ask for as many workers as Dask's own rule does. That somebody wants results is assumed.
 */
export function plainSample({ workers }: Identity, facts: Facts): { sample: Sample } | { error: string } {
  const all = Object.values(workers);
  const memory = sum(all.map(({ metrics }) => metrics.task_counts.memory));
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
    workers: Object.entries(workers).map(([address, each]) => describe(address, each, facts.drains)),
    workers_total: all.length,
    tasks: {
      total: unfinished,
      waiting: 0,
      queued: unfinished - processing,
      no_worker: 0,
      processing,
      memory,
      erred: 0,
      // How many there were nobody tells: at least so many.
      finished: Math.max(memory, facts.begun ? 1 : 0),
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

/** What `identity` answers, or what is wrong with it. */
export function parseIdentity(answer: unknown): Identity | { error: string } {
  const parsed = identity.safeParse(answer);
  return parsed.success ? parsed.data : { error: `identity: ${z.prettifyError(parsed.error)}`.slice(0, 300) };
}

function describe(
  address: string,
  { name, nthreads, memory_limit, resources, status, metrics }: z.infer<typeof worker>,
  drains: Facts['drains'],
) {
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
    drain: drains.get(name) ?? null,
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
  drain: readonly string[];
}

function drainable([address, { name, status, last_seen, metrics }]: [
  string,
  z.infer<typeof worker>,
]): PlainWorker {
  const { executing, seceded, processing } = metrics.task_counts;
  return { address, name, status, processing, running: executing + seceded, lastSeen: last_seen };
}

/** A scheduler without the preload, asked again and again over one connection. */
export class PlainScheduler {
  readonly #rpc: Rpc;
  readonly #now: () => number;
  #version: string | undefined;
  readonly #drains = new PlainDrains();
  #seq = 0;
  #begun = false;
  #busyAt: number;

  constructor(rpc: Rpc, now: () => number) {
    this.#rpc = rpc;
    this.#now = now;
    this.#busyAt = now();
  }

  async poll({ uid, attempt, targetSeconds = 5, drain }: Asker): Promise<Sample | CommError> {
    const rpc = this.#rpc;
    if (this.#version === undefined) {
      const answer = await rpc.call('versions', {}, ANSWER_MS);
      if (answer instanceof CommError) return answer;
      this.#version = versions.safeParse(answer).data?.packages.distributed ?? '';
    }
    const target = await rpc.call('adaptive_target', { target_duration: targetSeconds }, ANSWER_MS);
    if (target instanceof CommError) return target;
    if (typeof target !== 'number' || Number.isNaN(target))
      return new CommError('protocol', 'the scheduler knows neither the FlowRun preload nor adaptive_target');
    const answer = await rpc.call('identity', {}, ANSWER_MS);
    if (answer instanceof CommError) return answer;
    const known = parseIdentity(answer);
    if ('error' in known) return new CommError('protocol', known.error);
    const drains = await this.#drains.step(rpc, Object.entries(known.workers).map(drainable), drain);
    if (drains instanceof CommError) return drains;
    const now = this.#now();
    const facts = { uid, attempt, seq: ++this.#seq, now, version: this.#version, targetSeconds };
    const more = { target, busyAt: this.#busyAt, begun: this.#begun, drains };
    const made = plainSample(known, { ...facts, ...more });
    if ('error' in made) return new CommError('protocol', made.error);
    if (made.sample.idle_seconds === 0) {
      this.#busyAt = now;
      this.#begun = true;
    }
    return made.sample;
  }
}
