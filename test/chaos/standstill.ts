import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 250;

/**
 * Resolves when `picture` has been the same in so many seconds' worth of looks, or the signal is aborted. A look that comes late counts as
 * one: time that this process did not get is nobody's standstill.
 */
export async function standstill(picture: () => string, seconds: number, signal: AbortSignal): Promise<void> {
  let last = picture();
  let still = 0;
  while (still * LOOK_MS < seconds * 1000) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = picture();
    still = now === last ? still + 1 : 0;
    last = now;
  }
}
