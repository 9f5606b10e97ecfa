import type { Load } from './load.ts';
import type { Adapt } from './scaling-input.ts';

/** Answers a window holds beyond `waitCount`: those of the doorbell. */
const EXTRA = 32;

/** Answers come after a round trip each: a window that is a little short of its time is complete. */
const TOLERANCE = 0.9;

type Patience = Pick<Adapt, 'waitCount' | 'intervalSeconds'>;

/** Whether enough answers over enough time are known to take workers away: `waitCount` of them, an interval apart. */
export function isComplete(window: readonly Load[], { waitCount, intervalSeconds }: Patience): boolean {
  const oldest = window[0];
  const newest = window.at(-1);
  if (oldest === undefined || newest === undefined || window.length < waitCount) return false;
  return newest.at - oldest.at >= (waitCount - 1) * intervalSeconds * 1000 * TOLERANCE;
}

/** The window with one more answer: whatever it can lose and still be complete is forgotten. */
export function remember(window: readonly Load[], load: Load, patience: Patience): readonly Load[] {
  let longer = [...window, load];
  while (isComplete(longer.slice(1), patience)) longer = longer.slice(1);
  // A doorbell that rings all the time must not fill the memory: of what lies between, the oldest goes.
  while (longer.length > patience.waitCount + EXTRA) longer.splice(1, 1);
  return longer;
}
