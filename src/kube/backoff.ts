/** An exponential back-off. Times in milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** The part of the delay, 0 to 1, that is drawn at random, so that many clients do not come back at once. */
  readonly jitter: number;
}

/** The delay after the `failures`-th failure in a row (1, 2, ...): `baseMs` doubled each time up to `maxMs`, less the jitter. */
export function backoffMs(backoff: Backoff, failures: number, random: () => number = Math.random): number {
  const full = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(Math.max(failures, 1) - 1, 52));
  return full * (1 - backoff.jitter * random());
}
