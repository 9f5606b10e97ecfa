import { setTimeout as sleep } from 'node:timers/promises';
import { CommError, type TlsOptions } from './comm.ts';
import { PlainScheduler } from './plain-scheduler.ts';
import { Rpc } from './rpc.ts';
import { parseSample, type Sample } from './sample.ts';

export interface Target {
  /** `ws://10.0.0.1:8788` or `wss://…`. */
  url: string;
  uid: string;
  attempt: number;
  /** A sample comes at least this often, and at once when something changes. */
  intervalSeconds: number;
  /** Names of all workers that shall leave. Others that are leaving are given back. */
  drain: readonly string[];
  /** A worker that has not left by then is given back. */
  drainSeconds: number;
  /** `target_duration` of the run; needed only where the scheduler runs without the preload. */
  targetSeconds?: number | undefined;
  tls?: TlsOptions | undefined;
}

/**
 * The newest sample, when it arrived, and the drain set that it was asked with; or why there has been none, and since when. Times in milliseconds of the clock.
 * With a sample, `cause` tells that the connection is lost at present.
 */
export type Newest =
  | { sample: Sample; receivedAt: number; drain: readonly string[]; cause?: string }
  | { sample: undefined; cause: string; since: number };

interface WatchOptions {
  target: Target;
  now: () => number;
  onSample: () => void;
}

const LEAST_DELAY_MS = 250;
const MOST_DELAY_MS = 5000;
/** Above the time that a sample takes on a busy scheduler, whose event loop may stand for a second or two. */
const ANSWER_MARGIN_MS = 4000;
/** A scheduler that answers every poll at once cannot make the operator spin. */
const MIN_SPACING_MS = 50;

/** Follows one scheduler until stopped: connects, long-polls, and reconnects after jittered delays. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #target: Target;
  #newest: Newest;
  /** On the monotonic clock: when the scheduler was heard last, or first asked. */
  #heardAt = performance.now();
  /** The connection whose poll may take as long as the interval. */
  #waiting: Rpc | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#newest = { sample: undefined, cause: 'not connected yet', since: options.now() };
    this.#done = this.#run(this.#stop.signal);
  }

  get target(): Target {
    return this.#target;
  }

  get newest(): Newest {
    return this.#newest;
  }

  /** The same scheduler with another interval or other workers to drain; the latter are told to it at once. */
  retarget(target: Target): void {
    const changed = orders(target) !== orders(this.#target);
    this.#target = target;
    // A scheduler takes one request at a time, so what waits there is given up. The next connection's first poll is
    // answered at once and never given up: however often the target changes, samples keep coming.
    if (changed) this.#waiting?.close();
  }

  /** Resolves once the connection and all timers are gone. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const error = await this.#session(signal);
      if (signal.aborted) return;
      if (error === undefined) continue;
      const cause = `${error.kind}: ${error.message}`;
      this.#newest =
        this.#newest.sample === undefined ? { ...this.#newest, cause } : { ...this.#newest, cause };
      const delay = reconnectDelay(performance.now() - this.#heardAt);
      await pause(delay * (0.75 + Math.random() / 4), signal);
    }
  }

  /** One connection, until it fails; undefined when it was given up to tell the scheduler something else. */
  async #session(signal: AbortSignal): Promise<CommError | undefined> {
    const { url, tls } = this.#target;
    const rpc = await Rpc.open(url, { tls, signal });
    if (rpc instanceof CommError) return rpc;
    try {
      let plain: PlainScheduler | undefined;
      let after = -1;
      for (;;) {
        const polled = performance.now();
        const target = this.#target;
        this.#waiting = after < 0 ? undefined : rpc;
        const sample = await (plain?.poll(target) ?? poll(rpc, target, after));
        this.#waiting = undefined;
        if (signal.aborted) return undefined;
        if (sample instanceof CommError) return orders(target) === orders(this.#target) ? sample : undefined;
        if (sample === undefined) {
          plain = new PlainScheduler(rpc, this.#options.now);
          continue;
        }
        this.#heardAt = performance.now();
        this.#newest = { sample, receivedAt: this.#options.now(), drain: target.drain };
        this.#options.onSample();
        if (plain === undefined) after = sample.seq;
        const spacing = plain === undefined ? MIN_SPACING_MS : this.#target.intervalSeconds * 1000;
        await pause(spacing - (performance.now() - polled), signal);
      }
    } finally {
      this.#waiting = undefined;
      rpc.close();
    }
  }
}

/**
 * Milliseconds until the next attempt to connect: a tenth of the time that the scheduler has been silent, within bounds. So
 * one that was long in coming is heard soon after it came, before much of its work is done, and one that is gone costs little.
 */
export function reconnectDelay(silentMs: number): number {
  return Math.min(Math.max(silentMs / 10, LEAST_DELAY_MS), MOST_DELAY_MS);
}

/** What of a target the scheduler is told at once. */
function orders({ drain, drainSeconds }: Target): string {
  return JSON.stringify([drain.toSorted(), drainSeconds]);
}

/** Undefined: the scheduler runs without the preload. */
async function poll(rpc: Rpc, target: Target, after: number): Promise<Sample | CommError | undefined> {
  const { url, uid, attempt, intervalSeconds, drain, drainSeconds } = target;
  const answer = await rpc.call(
    'flowrun_sample',
    { after, wait: intervalSeconds, drain, drain_seconds: drainSeconds },
    intervalSeconds * 1000 + ANSWER_MARGIN_MS,
  );
  if (answer instanceof CommError) return answer;
  // What a scheduler says to an operation that it does not know.
  if (answer === null) return undefined;
  const parsed = parseSample(answer);
  if ('error' in parsed) return new CommError('protocol', parsed.error);
  const { sample } = parsed;
  if (sample.uid === uid && sample.attempt === attempt) return sample;
  return new CommError('protocol', `${url} belongs to attempt ${sample.attempt} of ${sample.uid}`);
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
