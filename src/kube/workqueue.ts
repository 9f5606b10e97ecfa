import { type Backoff, backoffMs } from './backoff.ts';
import { DelayHeap } from './delay-heap.ts';

export interface WorkQueueOptions {
  /** Back-off of `addRateLimited`, per key. Default 5 ms doubling to 60 s. */
  readonly backoff?: Backoff;
  /** Told of every handler that threw; its key is added again, rate limited. */
  readonly onError?: (key: string, error: unknown) => void;
}

/**
 * Keys waiting to be worked on.
 *
 * - A key waits at most once; added several times, the earliest time wins.
 * - A key is worked on by one handler at a time; added meanwhile, it runs again afterwards.
 * - Keys that are ready run in the order they became so.
 * - A handler that throws has its key added again with the key's back-off; only `forget` ends the back-off.
 */
export class WorkQueue {
  readonly #backoff: Backoff;
  readonly #onError: (key: string, error: unknown) => void;
  /** Key → when it became ready, by `performance.now()`; in that order. */
  readonly #ready = new Map<string, number>();
  readonly #running = new Set<string>();
  /** Added while running. */
  readonly #dirty = new Set<string>();
  readonly #delayed = new DelayHeap();
  readonly #failures = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #working = false;

  constructor(options: WorkQueueOptions = {}) {
    this.#backoff = options.backoff ?? { baseMs: 5, maxMs: 60_000, jitter: 0 };
    this.#onError = options.onError ?? (() => undefined);
  }

  /** Keys ready to run. */
  get depth(): number {
    return this.#ready.size + this.#dirty.size;
  }

  /** Milliseconds that the key which has been ready longest waits already; 0 when none does. */
  get ageMs(): number {
    const [since] = this.#ready.values();
    return since === undefined ? 0 : performance.now() - since;
  }

  /** Keys being worked on. */
  get running(): number {
    return this.#running.size;
  }

  add(key: string): void {
    this.#delayed.remove(key);
    if (this.#running.has(key)) {
      this.#dirty.add(key);
      return;
    }
    this.#makeReady(key);
    this.#wake?.();
  }

  /** Not before `ms` from now, unless it is added for an earlier time. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key);
    } else if (
      !this.#ready.has(key) &&
      !this.#dirty.has(key) &&
      this.#delayed.add(key, performance.now() + ms)
    ) {
      this.#arm();
    }
  }

  addRateLimited(key: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.addAfter(key, backoffMs(this.#backoff, failures));
  }

  /** The key's next back-off starts from the beginning. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /**
   * Works until the signal is aborted; then starts nothing more and returns when the running handlers have. No timer is left, whatever
   * they or others add: it would keep the process from its end.
   */
  async run(
    concurrency: number,
    handler: (key: string, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    const abort = () => this.#wake?.();
    signal.addEventListener('abort', abort);
    this.#working = true;
    this.#arm();
    while (!signal.aborted) {
      for (const key of this.#ready.keys()) {
        if (inFlight.size >= concurrency) {
          break;
        }
        const work = this.#process(key, handler, signal);
        inFlight.add(work);
        void work.finally(() => {
          inFlight.delete(work);
          this.#wake?.();
        });
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
    signal.removeEventListener('abort', abort);
    this.#working = false;
    this.#arm();
    await Promise.all(inFlight);
  }

  async #process(
    key: string,
    handler: (key: string, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#ready.delete(key);
    this.#running.add(key);
    try {
      await handler(key, signal);
    } catch (error) {
      this.#onError(key, error);
      this.addRateLimited(key);
    } finally {
      this.#running.delete(key);
      if (this.#dirty.delete(key)) {
        this.#makeReady(key);
      }
    }
  }

  /** A key that is ready already keeps its place. */
  #makeReady(key: string): void {
    if (!this.#ready.has(key)) {
      this.#ready.set(key, performance.now());
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const due = this.#working ? this.#delayed.nextDue() : undefined;
    if (due !== undefined) {
      this.#timer = setTimeout(
        () => {
          for (const key of this.#delayed.takeDue(performance.now())) {
            this.add(key);
          }
          this.#arm();
        },
        Math.min(Math.max(0, Math.ceil(due - performance.now())), 2_147_483_647),
      );
    }
  }
}
