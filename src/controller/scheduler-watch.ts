import { z } from 'zod';
import type { FlowRun } from '../api/flow-run.ts';
import { currentAttempt, isOver } from '../core/attempt.ts';
import { LABELS, childName } from '../core/names.ts';
import type { Plan } from '../core/observed.ts';
import type { Monitor } from '../dask/monitor.ts';
import type { Newest } from '../dask/watch.ts';
import { Answers } from './answers.ts';
import type { AttemptTlsKeys } from './attempt-tls.ts';
import type { Cache } from './cache.ts';
import { loadOf, ordinalOf } from './load-of.ts';

/** Dask's RPC over WebSocket, for the operator alone. */
const RPC_PORT = 8788;

/** A sample older than this many intervals says nothing about now; a busy scheduler may stand for some seconds. */
const STALE_INTERVALS = 4;
const LEAST_STALE_MS = 5_000;

/** A worker that has not left by then is given back: what it runs takes too long to wait for. */
const DRAIN_SECONDS = 300;

const withAddress = z.object({ status: z.object({ podIP: z.string().min(1) }) });

/** What is known of one scheduler. */
export interface Followed {
  newest: Newest | undefined;
  answers: Answers;
  staleMs: number;
}

interface Entry {
  uid: string;
  attempt: number;
  intervalSeconds: number;
  waitCount: number;
  targetSeconds: number | undefined;
  staleMs: number;
  /** Of the names of its workers; an ordinal follows. */
  prefix: string;
  answers: Answers;
}

/** Keeps one connection to the scheduler of each run whose attempt is in progress, and drops it afterwards. */
export class SchedulerWatch {
  readonly #monitor: Monitor;
  readonly #cache: Cache;
  readonly #keys: AttemptTlsKeys | undefined;
  readonly #intervalSeconds: number;
  readonly #onKeys: (key: string) => void;
  readonly #entries = new Map<string, Entry>();

  /**
   * `intervalSeconds`: between two looks at a cluster of fixed size. `onKeys`: what a run's scheduler is spoken to with is there
   * now, so the run shall be looked at again; it may have ended meanwhile.
   */
  constructor(
    monitor: Monitor,
    cache: Cache,
    keys: AttemptTlsKeys | undefined,
    intervalSeconds: number,
    onKeys: (key: string) => void,
  ) {
    this.#keys = keys;
    this.#onKeys = onKeys;
    this.#monitor = monitor;
    this.#cache = cache;
    this.#intervalSeconds = intervalSeconds;
  }

  /** `leaving`: ordinals of all workers that the scheduler is asked to let go. */
  follow(key: string, run: FlowRun, plan: Plan, leaving: ReadonlySet<number>): void {
    const status = run.status ?? {};
    const attempt = currentAttempt(status);
    if (
      attempt === undefined ||
      attempt.endTime !== undefined ||
      isOver(status) ||
      status.cluster === undefined
    ) {
      this.forget(key);
      return;
    }
    const { namespace, uid } = run.metadata;
    const scheduler = childName(run.metadata, attempt.number, 'scheduler');
    const pod = this.#cache.child('Pod', namespace, scheduler, uid);
    const ip = withAddress.safeParse(pod).data?.status.podIP;
    if (ip === undefined) return;
    const entry = this.#enter(key, run, attempt.number, plan);
    entry.answers.order(leaving);
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const secure = pod?.metadata.labels?.[LABELS.security] === 'tls';
    const ref = { ...run.metadata, attempt: attempt.number };
    const tls = secure ? this.#keys?.forOperator(ref, () => this.#onKeys(key)) : undefined;
    if (secure && tls === undefined) return;
    this.#monitor.track(key, {
      url: `${secure ? 'wss' : 'ws'}://${host}:${RPC_PORT}`,
      tls,
      uid,
      attempt: attempt.number,
      intervalSeconds: entry.intervalSeconds,
      drain: [...leaving].map((ordinal) => `${entry.prefix}${ordinal}`),
      drainSeconds: DRAIN_SECONDS,
      targetSeconds: entry.targetSeconds,
    });
  }

  /** A new sample of the key has arrived. */
  sampled(key: string): void {
    const entry = this.#entries.get(key);
    const newest = this.#monitor.newest(key);
    if (entry === undefined || newest?.sample === undefined) return;
    const { sample, receivedAt, drain } = newest;
    if (sample.uid !== entry.uid || sample.attempt !== entry.attempt) return;
    const asked = drain.flatMap((name) => ordinalOf(name, entry.prefix) ?? []);
    entry.answers.add(loadOf(sample, receivedAt, entry.prefix), asked, entry);
  }

  /** Undefined for a run that is not followed. */
  known(key: string): Followed | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    return { newest: this.#monitor.newest(key), answers: entry.answers, staleMs: entry.staleMs };
  }

  forget(key: string): void {
    this.#entries.delete(key);
    this.#monitor.untrack(key);
  }

  #enter(key: string, run: FlowRun, attempt: number, plan: Plan): Entry {
    const adapt = plan.ok ? plan.cluster?.adapt : undefined;
    const intervalSeconds = adapt?.intervalSeconds ?? this.#intervalSeconds;
    const { uid } = run.metadata;
    const known = this.#entries.get(key);
    const entry: Entry = {
      uid,
      attempt,
      intervalSeconds,
      waitCount: adapt?.waitCount ?? 1,
      targetSeconds: adapt?.targetSeconds,
      staleMs: Math.max(LEAST_STALE_MS, STALE_INTERVALS * intervalSeconds * 1000),
      prefix: `${childName(run.metadata, attempt, 'worker')}-`,
      answers: known?.uid === uid && known.attempt === attempt ? known.answers : new Answers(),
    };
    this.#entries.set(key, entry);
    return entry;
  }
}
