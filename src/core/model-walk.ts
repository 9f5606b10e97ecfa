import { environment } from './model-environment.ts';
import { type World, keyOf, operator } from './model-world.ts';

/**
 * Walks every state that operator, kubelet, user and clock can reach together: the operator may crash after each
 * commit and in the middle of its actions, and may act on an older picture of the children
 * unless `fresh`.
 */
export function walk(
  start: World,
  check: (before: World, after: World) => void,
  fresh = false,
): Map<string, World> {
  const seen = new Map<string, World>([[keyOf(start), start]]);
  const queue = [start];
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    for (const successor of [...operator(world), ...environment(world)]) {
      const next = fresh ? { ...successor, stale: successor.pods } : successor;
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.set(key, next);
      queue.push(next);
      check(world, next);
    }
  }
  return seen;
}

/** An expectation that costs next to nothing while it holds: a walk has millions. Throws with the message, which is made only then. */
export function claim(holds: boolean, message: () => string): void {
  if (!holds) throw new Error(message());
}

/** The same of two values of JSON, whose keys come in the same order. */
export function claimSame(actual: unknown, expected: unknown, message: () => string): void {
  if (actual === expected) return;
  const [is, shallBe] = [actual, expected].map((value) => JSON.stringify(value));
  claim(is === shallBe, () => `${message()}: ${is} instead of ${shallBe}`);
}
