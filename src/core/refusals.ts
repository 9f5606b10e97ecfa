import type { Load } from './load.ts';
import type { Adapt } from './scaling-input.ts';

/** What keeps a worker from leaving may last as long as the flow: nobody is asked more seldom than this. */
const LONGEST_MS = 5 * 60_000;

/** Retirements of one worker that failed. */
interface Refusal {
  times: number;
  /** It is not retired before, in milliseconds since the epoch. */
  until: number;
}

/** By ordinal; only workers that are there and have failed to leave. */
export type Refusals = ReadonlyMap<number, Refusal>;

/** Each retirement of a worker that fails doubles its wait for the next, from a full patience on. */
export function withAnswer(
  refusals: Refusals,
  before: Load | undefined,
  { at, workers }: Load,
  { waitCount, intervalSeconds }: Pick<Adapt, 'waitCount' | 'intervalSeconds'>,
): Refusals {
  const present = new Map([...refusals].filter(([ordinal]) => workers.has(ordinal)));
  for (const [ordinal, { drain }] of workers) {
    if (drain !== 'failed' || before?.workers.get(ordinal)?.drain === 'failed') continue;
    const times = (present.get(ordinal)?.times ?? 0) + 1;
    const wait = Math.min(waitCount * intervalSeconds * 1000 * 2 ** (times - 1), LONGEST_MS);
    present.set(ordinal, { times, until: at + wait });
  }
  return present;
}

/** Whether the worker is not asked to leave yet, as it could not when it was asked last. */
export function waits(refusals: Refusals, ordinal: number, now: number): boolean {
  return now < (refusals.get(ordinal)?.until ?? 0);
}
