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
