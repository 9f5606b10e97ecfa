/** Between two progress writes of one run, at least; more when many runs share the operator's budget. */
const MIN_INTERVAL_MS = 5_000;

/**
 * When a run may write its progress again: all live runs share `perSecond` writes. Lifecycle commits are not its
 * business; they reset the interval, since they carry the numbers too.
 */
export class ProgressBudget {
  readonly #perSecond: number;
  readonly #written = new Map<string, number>();

  constructor(perSecond = 50) {
    this.#perSecond = perSecond;
  }

  /** Milliseconds until this run's next progress write; 0 when it may write now. */
  waitMs(key: string, now: number): number {
    const last = this.#written.get(key);
    if (last === undefined) return 0;
    const interval = Math.max(MIN_INTERVAL_MS, (this.#written.size / this.#perSecond) * 1000);
    return Math.max(0, last + interval - now);
  }

  wrote(key: string, now: number): void {
    this.#written.set(key, now);
  }

  forget(key: string): void {
    this.#written.delete(key);
  }
}
