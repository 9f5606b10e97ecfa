import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable } from '../../src/kube/errors.ts';

const ATTEMPTS = 50;
const PAUSE_MS = 200;

/**
 * Does it again while the server does not answer or has troubles of its own, ten seconds at least: whoever plays a part of the cluster
 * or its user gives up as little as they do. `attempt` counts from 1: a later one may meet what an earlier one did.
 */
export async function insist<T>(action: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (!isRetryable(error) || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
