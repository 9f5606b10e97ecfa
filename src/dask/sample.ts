import { z } from 'zod';

import { exactly } from '../json.ts';

/** Workers, prefixes and demand groups beyond these bounds are dropped; the totals stay true. */
export const MAX_WORKERS = 1000;
const MAX_PREFIXES = 100;
const MAX_GROUPS = 50;
const MAX_RESOURCES = 16;
const MAX_RESULT_BYTES = 16 * 1024;
const MAX_COUNT = 1e9;

// The scheduler runs in a user's image: any number may be NaN, negative or absurd, and must not reach arithmetic.
function clamp(value: number | bigint, maximum: number): number {
  const number = Number(value);
  return Number.isNaN(number) ? 0 : Math.min(Math.max(number, 0), maximum);
}

const numeric = z.custom<number | bigint>(
  (value) => typeof value === 'number' || typeof value === 'bigint',
  'expected a number',
);
const amount = numeric.transform((value) => clamp(value, Number.MAX_SAFE_INTEGER));
const count = numeric.transform((value) => Math.trunc(clamp(value, MAX_COUNT)));
const label = z.string().transform((value) => value.slice(0, 256));

function boundedArray<T extends z.ZodType>(item: T, maximum: number) {
  return z
    .array(z.unknown())
    .transform((items) => items.slice(0, maximum))
    .pipe(z.array(item));
}

function boundedRecord<T extends z.ZodType>(value: T, maximum: number) {
  return z
    .record(z.string(), z.unknown())
    .transform((entries) => Object.fromEntries(Object.entries(entries).slice(0, maximum)))
    .pipe(z.record(label, value));
}

const resources = boundedRecord(amount, MAX_RESOURCES);

const worker = z.object({
  name: label,
  address: label,
  nthreads: count,
  /** Tasks assigned to the worker: running ones and its backlog. */
  processing: count,
  /** Tasks it executes now, seceded ones excluded. As fresh as its last heartbeat. */
  executing: count.default(0),
  /** Seceded tasks (`worker_client`, `secede`): they hold no thread but die with the worker. */
  long_running: count.default(0),
  /** Distributed's own word: running, paused, closing_gracefully, closing, … */
  status: label,
  resources: resources.default({}),
  /** Bytes; 0: no limit. */
  memory_limit: amount.default(0),
  /** Bytes of results it holds. */
  nbytes: amount.default(0),
  /** Holds an actor, unfinished tasks are bound to it or its host, or a scheduler plugin needs it: never a victim. */
  pinned: z.boolean().default(false),
  /**
   * How far it is on its way out, while the poll names it. `moving`: its unstarted tasks go to others; `executing`: what
   * runs there is waited for; `retiring`: its results are copied to others. `retired`: it holds nothing, is gone from
   * the scheduler and closes; it is listed with status `closed`. `failed`: it was given back and works on.
   */
  drain: z
    .enum(['moving', 'executing', 'retiring', 'retired', 'failed'])
    .nullable()
    .catch(null)
    .default(null),
  /** Why the drain failed; else empty. */
  drain_cause: label.default(''),
});

const prefix = z.object({ finished: count, erred: count, active: count });

const group = z.object({
  /** What each task of the group demands of a worker; `{}` means any worker. */
  resources,
  tasks: count,
  /** Of `tasks`, those of a prefix that has never finished: their duration is a guess. */
  unknown: count.default(0),
  /** Expected seconds of work left, by durations learnt so far. */
  seconds: amount,
});

/** Shape of one `flowrun_sample` reply, with every number, list and text bounded. */
const schema = z.object({
  version: z.literal(1),
  uid: label,
  attempt: count,
  /** Grows by one whenever something a controller should react to at once has changed. */
  seq: count,
  /** Unix time in seconds by the scheduler's clock. */
  time: amount,
  workers: boundedArray(worker, MAX_WORKERS),
  workers_total: count,
  tasks: z.object({
    /** Tasks the scheduler knows of at present. */
    total: count,
    waiting: count,
    queued: count,
    /** No present worker fits. */
    no_worker: count,
    processing: count,
    /** Results wanted and held. */
    memory: count,
    /** Tasks that are in state erred at present. */
    erred: count,
    /** Tasks that computed a result, ever. Never falls, forgotten tasks stay counted. */
    finished: count,
    /** Tasks that failed for good, ever. Never falls. */
    failed: count,
  }),
  prefixes: boundedRecord(prefix, MAX_PREFIXES),
  /** Group demand of unfinished runnable tasks; plain tasks are the group `{}`. */
  demand: boundedArray(group, MAX_GROUPS).default([]),
  /** Workers hold results that somebody wants: with no worker left, they would be lost. */
  keys_wanted: z.boolean().default(false),
  /** Calls of `scatter` that wait for a first worker: each is a demand of one worker. */
  scatters_waiting: count.default(0),
  /** Seconds since there was last something to do, or the launcher's client came; 0 while there is. */
  idle_seconds: amount.default(0),
  /** Made from what any scheduler tells, since this one runs without the preload: counts are rough, and only idle workers can be let go. */
  fallback: z.boolean().default(false),
  /** The launcher's result as it sent it; the reader parses it further. */
  result: z
    .record(z.string(), z.unknown())
    .transform((value) => exact(value))
    .refine((value) => JSON.stringify(value).length <= MAX_RESULT_BYTES, 'result is too large')
    .pipe(z.record(z.string(), z.unknown()))
    .nullable(),
  launcher_seen: z.boolean(),
  /** `python`, `dask`, `distributed`, `tornado`. */
  versions: boundedRecord(label, 16),
});

export type Sample = z.infer<typeof schema>;

/** The same value for JSON: 64-bit integers keep all their digits. */
function exact(value: unknown): unknown {
  if (typeof value === 'bigint') return exactly(value);
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, exact(item)]));
}

/** Parses a decoded reply. Numbers are clamped into range, lists cut; a wrong shape gives `error`, it never throws. */
export function parseSample(value: unknown): { sample: Sample } | { error: string } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { sample: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    error: `sample: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}`.slice(0, 300),
  };
}
