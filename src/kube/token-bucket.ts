import type { Clock } from './clock.ts';

/** A rate limit: `perSecond` on average, up to `burst` at once. */
export class TokenBucket {
  readonly #rate: { readonly perSecond: number; readonly burst: number };
  readonly #clock: Clock;
  #tokens: number;
  #countedAt: number;

  constructor(rate: { readonly perSecond: number; readonly burst: number }, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#countedAt = clock.now();
  }

  /** Takes a token now, or none. */
  tryTake(): boolean {
    const now = this.#clock.now();
    const { perSecond, burst } = this.#rate;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#countedAt) / 1000) * perSecond);
    this.#countedAt = now;
    if (this.#tokens < 1) {
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** Waits for a token; rejects when aborted. */
  async take(signal: AbortSignal): Promise<void> {
    while (!this.tryTake()) {
      await this.#clock.sleep(Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1000), signal);
    }
  }
}
