import { TIMES, type World, keyOf, step } from './model-world.ts';

/** Faults have stopped: pods do what they should, the operator sees the present, time passes when all else rests. */
export function settle(start: World, settled: Map<string, World>): World {
  let world = { ...start, faults: 9, flips: 9 };
  const path: string[] = [];
  const end = (result: World): World => {
    for (const key of path) settled.set(key, result);
    return result;
  };
  for (let steps = 0; steps < 200; steps++) {
    const known = settled.get(keyOf(world));
    if (known !== undefined) return end(known);
    path.push(keyOf(world));
    const next = step(world, world.pods).at(-1);
    if (next !== undefined && keyOf(next) !== keyOf(world)) {
      world = next;
      continue;
    }
    const { pods } = world;
    const number = world.status.attempt ?? 0;
    if (pods.flow === 'pending')
      world = {
        ...world,
        pods: { ...pods, flow: 'running' },
        flowStarts: { ...world.flowStarts, [number]: 1 },
      };
    else if (pods.scheduler === 'pending') world = { ...world, pods: { ...pods, scheduler: 'running' } };
    else if (Object.values(pods.workers).includes('pending')) {
      world = {
        ...world,
        pods: {
          ...pods,
          workers: Object.fromEntries(
            Object.entries(pods.workers).map(([ordinal, pod]) => [
              ordinal,
              pod === 'pending' ? 'running' : pod,
            ]),
          ),
        },
      };
    } else if (pods.flow === 'running') world = { ...world, pods: { ...pods, flow: 'succeeded' } };
    else if (world.time < TIMES.length - 1) world = { ...world, time: world.time + 1 };
    else return end(world);
  }
  return end(world);
}
