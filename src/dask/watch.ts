import { setTimeout as sleep } from 'node:timers/promises';
import { CommError, type TlsOptions } from './comm.ts';
import { Rpc } from './rpc.ts';
import { parseSample, type Sample } from './sample.ts';

export interface Target {
  /** `ws://10.0.0.1:8788` or `wss://…`. */
  url: string;
  uid: string;
  attempt: number;
  /** A sample comes at least this often, and at once when something changes. */
  intervalSeconds: number;
  tls?: TlsOptions | undefined;
}

/**
 * The newest sample and when it arrived; or why there has been none, and since when. Times in milliseconds of the clock.
 * With a sample, `cause` tells that the connection is lost at present.
 */
export type Newest =
  | { sample: Sample; receivedAt: number; cause?: string }
  | { sample: undefined; cause: string; since: number };

interface WatchOptions {
  target: Target;
  now: () => number;
  onSample: () => void;
}

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5000;
/** Above the time that a sample takes on a busy scheduler, whose event loop may stand for a second or two. */
const ANSWER_MARGIN_MS = 4000;
/** A scheduler that answers every poll at once cannot make the operator spin. */
const MIN_SPACING_MS = 50;

/** Follows one scheduler until stopped: connects, long-polls, and reconnects with growing, jittered delays. */
export class Watch {
  readonly target: Target;
  readonly #options: WatchOptions;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #newest: Newest;
  #delay = FIRST_DELAY_MS;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.target = { ...options.target };
    this.#newest = { sample: undefined, cause: 'not connected yet', since: options.now() };
    this.#done = this.#run(this.#stop.signal);
  }

  get newest(): Newest {
    return this.#newest;
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
      const cause = `${error.kind}: ${error.message}`;
      this.#newest =
        this.#newest.sample === undefined ? { ...this.#newest, cause } : { ...this.#newest, cause };
      await pause(this.#delay * (0.75 + Math.random() / 4), signal);
      this.#delay = Math.min(this.#delay * 1.5, MAX_DELAY_MS);
    }
  }

  /** One connection, until it fails. */
  async #session(signal: AbortSignal): Promise<CommError> {
    const { url, tls } = this.target;
    const rpc = await Rpc.open(url, { tls, signal });
    if (rpc instanceof CommError) return rpc;
    try {
      let after = -1;
      for (;;) {
        const polled = performance.now();
        const sample = await this.#poll(rpc, after);
        if (signal.aborted || sample instanceof CommError)
          return sample instanceof CommError ? sample : new CommError('unreachable', 'stopped');
        after = sample.seq;
        this.#delay = FIRST_DELAY_MS;
        this.#newest = { sample, receivedAt: this.#options.now() };
        this.#options.onSample();
        await pause(MIN_SPACING_MS - (performance.now() - polled), signal);
      }
    } finally {
      rpc.close();
    }
  }

  async #poll(rpc: Rpc, after: number): Promise<Sample | CommError> {
    const { uid, attempt, intervalSeconds } = this.target;
    const answer = await rpc.call(
      'flowrun_sample',
      { after, wait: intervalSeconds },
      intervalSeconds * 1000 + ANSWER_MARGIN_MS,
    );
    if (answer instanceof CommError) return answer;
    if (answer === null)
      return new CommError('protocol', 'the scheduler runs without (or not yet with) the FlowRun preload');
    const parsed = parseSample(answer);
    if ('error' in parsed) return new CommError('protocol', parsed.error);
    if (parsed.sample.uid !== uid || parsed.sample.attempt !== attempt) {
      return new CommError(
        'protocol',
        `${this.target.url} belongs to attempt ${parsed.sample.attempt} of ${parsed.sample.uid}`,
      );
    }
    return parsed.sample;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return;
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
