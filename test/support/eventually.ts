import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` gives something other than undefined or false; throws naming `what` after `seconds`. */
export async function eventually<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 20,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) {
      return value;
    }
    if (performance.now() > deadline) {
      throw new Error(`Not within ${seconds} s: ${what}`);
    }
    await sleep(50);
  }
}
