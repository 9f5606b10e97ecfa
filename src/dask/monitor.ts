import type { Newest, Target } from './watch.ts';
import { Watch } from './watch.ts';

interface MonitorOptions {
  /** A new sample of the key is there. It must not throw; if it does, `onError` gets the error. */
  onSample: (key: string) => void;
  onError?: (key: string, error: unknown) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What the schedulers of all tracked runs say, one long-polling connection each. Nothing here throws. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #stopping = new Set<Promise<void>>();
  #closed = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /**
   * Idempotent. Another address, attempt or certificate reconnects and forgets what was known; other workers to drain
   * are told at once; another interval holds from the next poll on.
   */
  track(key: string, target: Target): void {
    if (this.#closed) return;
    const watch = this.#watches.get(key);
    if (watch !== undefined && identity(watch.target) === identity(target)) {
      watch.retarget(target);
      return;
    }
    this.untrack(key);
    this.#watches.set(
      key,
      new Watch({ target, now: this.#options.now ?? Date.now, onSample: () => this.#notify(key) }),
    );
  }

  untrack(key: string): void {
    const watch = this.#watches.get(key);
    if (watch === undefined) return;
    this.#watches.delete(key);
    const stopped = watch.stop().finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }

  /** Keys that are tracked. */
  get size(): number {
    return this.#watches.size;
  }

  /** Undefined for a key that is not tracked. */
  newest(key: string): Newest | undefined {
    return this.#watches.get(key)?.newest;
  }

  /** Resolves once no connection and no timer is left. Later calls of `track` do nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const key of this.#watches.keys()) this.untrack(key);
    await Promise.all(this.#stopping);
  }

  #notify(key: string): void {
    try {
      this.#options.onSample(key);
    } catch (error) {
      this.#options.onError?.(key, error);
    }
  }
}

function identity({ url, uid, attempt, tls }: Target): string {
  return JSON.stringify([url, uid, attempt, tls?.ca, tls?.cert, tls?.key, tls?.servername]);
}
