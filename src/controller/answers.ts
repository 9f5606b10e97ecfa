import type { Load } from '../core/load.ts';
import { type Refusals, withAnswer } from '../core/refusals.ts';
import { remember } from '../core/scale-window.ts';

interface Patience {
  waitCount: number;
  intervalSeconds: number;
  /** Without an answer for so long, those before it say nothing about now. */
  staleMs: number;
}

/** The latest answers of one scheduler. Losing them delays taking workers away, or has one asked again too early to leave. */
export class Answers {
  #window: readonly Load[] = [];
  #usedAt = 0;
  #orders: ReadonlySet<number> = new Set();
  #confirmed = new Set<number>();
  #refusals: Refusals = new Map();

  get window(): readonly Load[] {
    return this.#window;
  }

  get refusals(): Refusals {
    return this.#refusals;
  }

  /** A change of size follows from the newest answer. */
  use(): void {
    this.#usedAt = this.#window.at(-1)?.at ?? 0;
  }

  get used(): boolean {
    return (this.#window.at(-1)?.at ?? 0) <= this.#usedAt;
  }

  /** These workers are asked to leave from now on, and no others. Ordinals. */
  order(ordinals: ReadonlySet<number>): void {
    this.#orders = ordinals;
    for (const ordinal of this.#confirmed) if (!ordinals.has(ordinal)) this.#confirmed.delete(ordinal);
  }

  /** Those that the scheduler knew to be leaving when it gave the newest answer, and that were not taken back since. */
  get ordered(): ReadonlySet<number> {
    return this.#confirmed;
  }

  /** `asked`: the workers whose leave was asked for together with this answer. */
  add(load: Load, asked: readonly number[], patience: Patience): void {
    const before = this.#window.at(-1);
    if (before !== undefined && load.at <= before.at) return;
    for (const ordinal of asked) if (this.#orders.has(ordinal)) this.#confirmed.add(ordinal);
    this.#refusals = withAnswer(this.#refusals, before, load, patience);
    const broken = before === undefined || load.at - before.at > patience.staleMs;
    this.#window = remember(broken ? [] : this.#window, load, patience);
  }
}
