import { type Dask, FRESH, bury, next } from './model-dask.ts';
import { dying, withProcess } from './model-environment.ts';
import { type Pod, type Pods, TIMES, type World, keyOf, step } from './model-world.ts';

/** Faults have stopped: pods do what they should, the operator sees the present, time passes when all else rests. */
export function settle(start: World, settled: Map<string, World>): World {
  return proceed(start, settled, (world) => {
    const { pods } = world;
    if (pods.flow === 'running') return { ...world, pods: { ...pods, flow: 'succeeded' } };
    return world.time < TIMES.length - 1 ? { ...world, time: world.time + 1 } : undefined;
  });
}

/** The same with a flow that does not end. `endless`: nor do its tasks, of which there are two. */
export function calm(start: World, settled: Map<string, World>, endless: boolean): World {
  const dask = start.dask && { ...start.dask, tasks: endless ? 2 : start.dask.tasks };
  const world = { ...start, ...(dask && { dask }), time: Math.max(start.time, 1) };
  return proceed(world, settled, () => undefined, endless);
}

function proceed(
  start: World,
  settled: Map<string, World>,
  onRest: (world: World) => World | undefined,
  endless = false,
): World {
  const dask = start.dask && { ...start.dask, bursts: 0, failures: 0 };
  let world: World = { ...start, faults: 9, flips: 9, crowded: false, crowds: 0, ...(dask && { dask }) };
  const path: string[] = [];
  const end = (result: World): World => {
    for (const key of path) settled.set(key, result);
    return result;
  };
  for (let steps = 0; steps < 400; steps++) {
    const key = keyOf(world);
    const known = settled.get(key);
    if (known !== undefined) return end(known);
    path.push(key);
    const decided = step(world, world.pods).at(-1);
    if (decided !== undefined && keyOf(decided) !== key) {
      world = decided;
      continue;
    }
    const after = kubelet(world) ?? scheduler(world, endless) ?? onRest(world);
    if (after === undefined) return end(world);
    world = after;
  }
  return end(world);
}

const DONE: Partial<Record<Pod, Pod>> = { pending: 'running', exiting: 'succeeded' };

function kubelet(world: World): World | undefined {
  const { pods } = world;
  const number = world.status.attempt ?? 0;
  const set = (change: Partial<Pods>) => ({ ...world, pods: { ...pods, ...change } });
  if (pods.flow === 'pending')
    return { ...set({ flow: 'running' }), flowStarts: { ...world.flowStarts, [number]: 1 } };
  if (pods.scheduler === 'pending') return set({ scheduler: 'running' });
  const workers = Object.entries(pods.workers);
  const deleted = workers.find(([, pod]) => pod === 'dying');
  if (deleted !== undefined) {
    const left = workers.filter((worker) => worker !== deleted);
    const dask = world.dask && bury(world.dask, Number(deleted[0]));
    return { ...set({ workers: Object.fromEntries(left) }), ...(dask && { dask }) };
  }
  if (!workers.some(([, pod]) => DONE[pod] !== undefined)) return undefined;
  return set({ workers: Object.fromEntries(workers.map(([ordinal, pod]) => [ordinal, DONE[pod] ?? pod])) });
}

function scheduler(world: World, endless: boolean): World | undefined {
  const { pods, dask } = world;
  if (dask === undefined || pods.flow !== 'running' || pods.scheduler !== 'running') return undefined;
  const [first] = next(dask, withProcess(pods), dying(pods), endless);
  if (first === undefined) return undefined;
  const workers: Record<number, Pod> =
    first.left === undefined ? pods.workers : { ...pods.workers, [first.left]: 'exiting' };
  return { ...world, dask: first.dask, pods: { ...pods, workers } };
}

/** A flow on an adaptive cluster that has run for a while, with one worker. */
export function runningWorld(start: World, change: Partial<Dask>, faults: number): World {
  const world = proceed({ ...start, dask: FRESH }, new Map(), () => undefined);
  return {
    ...world,
    time: 1,
    faults,
    flips: 9,
    stale: world.pods,
    dask: { ...(world.dask ?? FRESH), ...change },
  };
}
