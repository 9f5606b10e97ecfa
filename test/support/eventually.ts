import { setTimeout as sleep } from 'node:timers/promises';

/** Looks are this far apart at first and at last; in between, by a tenth of the time that has passed. */
const SOONEST_MS = 50;
const LATEST_MS = 250;

/** Waits until `condition` gives something other than undefined or false; throws naming `what` after `seconds`. */
export async function eventually<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 20,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) {
      return value;
    }
    const passed = performance.now() - began;
    if (passed > seconds * 1000) {
      throw new Error(`Not within ${seconds} s: ${what}`);
    }
    await sleep(Math.min(LATEST_MS, Math.max(SOONEST_MS, passed / 10)));
  }
}
