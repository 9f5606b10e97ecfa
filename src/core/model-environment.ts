import { holdsSlot } from './admission.ts';
import { currentAttempt, isOver } from './attempt.ts';
import { type Dask, bury, lose, next } from './model-dask.ts';
import { type Pod, type Pods, TIMES, type World } from './model-world.ts';

const LAST = TIMES.length - 2;

/** What anybody but the operator may do: kubelet, user, clock, faults. */
export function environment(world: World): World[] {
  if (world.dask) return adaptive({ ...world, dask: world.dask });
  const { pods, status } = world;
  const worlds: World[] = [];
  const set = (change: Partial<Pods>, rest: Partial<World> = {}) =>
    worlds.push({ ...world, stale: pods, pods: { ...pods, ...change }, ...rest });
  const attempt = currentAttempt(status);
  const number = status.attempt ?? 0;
  if (pods.flow === 'pending')
    set(
      { flow: 'running' },
      { flowStarts: { ...world.flowStarts, [number]: (world.flowStarts[number] ?? 0) + 1 } },
    );
  if (pods.flow === 'running') {
    set({ flow: 'succeeded' });
    set({ flow: 'failed' });
    if (pods.scheduler === 'running' && !world.reported) worlds.push({ ...world, reported: true });
  }
  if (pods.scheduler === 'pending') set({ scheduler: 'running' });
  for (const [ordinal, pod] of Object.entries(pods.workers)) {
    if (pod === 'pending') set({ workers: { ...pods.workers, [ordinal]: 'running' } });
  }
  // A new process does not know what the last one made; it finds the pod, if nobody has deleted it meanwhile.
  if (world.made && pods.flow !== 'absent') worlds.push({ ...world, made: false });
  if (world.faults < 1) {
    const faults = world.faults + 1;
    const known = world.made || attempt?.flowPodUID !== undefined;
    if (pods.flow === 'running' && known) set({ flow: 'absent' }, { faults });
    if (pods.scheduler === 'running') set({ scheduler: 'failed' }, { faults });
    if (pods.scheduler === 'running') set({ scheduler: 'absent' }, { faults });
    for (const [ordinal, pod] of Object.entries(pods.workers)) {
      if (pod !== 'running') continue;
      set({ workers: { ...pods.workers, [ordinal]: 'failed' } }, { faults });
    }
  }
  for (const late of lateChildren(world)) worlds.push({ ...late, faults: world.faults + 1 });
  if (world.mayCancel && !world.cancel && !isOver(status)) worlds.push({ ...world, cancel: true });
  if (world.flips < 1 && !isOver(status))
    worlds.push({ ...world, suspend: !world.suspend, flips: world.flips + 1 });
  if (world.crowded && world.crowds > 0 && !holdsSlot(status))
    worlds.push({ ...world, crowded: false, crowds: world.crowds - 1 });
  if (world.time < LAST && !isOver(status)) worlds.push({ ...world, time: world.time + 1 });
  return worlds;
}

/** A create that was held up on its way arrives when its attempt is over. */
function lateChildren(world: World): World[] {
  const { pods, status } = world;
  const number = status.attempt ?? 0;
  if (world.faults > 0) return [];
  const worlds: World[] = number > 1 ? [{ ...world, stray: true, late: true }] : [];
  if (currentAttempt(status)?.endTime === undefined) return worlds;
  const came = (change: Partial<Pods>) =>
    worlds.push({ ...world, late: true, stale: pods, pods: { ...pods, ...change } });
  // The name of one that has run is taken.
  if (pods.flow === 'absent' && world.flowStarts[number] === undefined) came({ flow: 'pending' });
  if (!pods.files) came({ files: true });
  if (!world.cluster) return worlds;
  if (!pods.service) came({ service: true });
  if (pods.scheduler === 'absent') came({ scheduler: 'pending' });
  if (pods.workers[0] === undefined) came({ workers: { ...pods.workers, 0: 'pending' } });
  return worlds;
}

/**
 * What an adaptive cluster may do while its flow goes on: how it ends is walked without scaling. A worker may die.
 */
function adaptive(world: World & { dask: Dask }): World[] {
  const { dask } = world;
  const { pods } = world;
  const workers = Object.entries(pods.workers).map(([ordinal, pod]) => [Number(ordinal), pod] as const);
  const withWorker = (ordinal: number, pod: Pod): Pick<World, 'pods' | 'stale'> => ({
    stale: pods,
    pods: { ...pods, workers: { ...pods.workers, [ordinal]: pod } },
  });
  const without = (ordinal: number): Pick<World, 'pods' | 'stale'> => ({
    stale: pods,
    pods: { ...pods, workers: Object.fromEntries(workers.filter(([other]) => other !== ordinal)) },
  });
  const worlds: World[] = next(dask, withProcess(pods), dying(pods)).map(({ dask, left }) => {
    if (left === undefined) return { ...world, dask };
    return {
      ...world,
      dask,
      ...(pods.workers[left] === 'dying' ? without(left) : withWorker(left, 'exiting')),
    };
  });
  for (const [ordinal, pod] of workers) {
    if (pod === 'pending') worlds.push({ ...world, ...withWorker(ordinal, 'running') });
    if (pod === 'exiting') worlds.push({ ...world, ...withWorker(ordinal, 'succeeded') });
    if (pod === 'dying') worlds.push({ ...world, dask: bury(dask, ordinal), ...without(ordinal) });
    if (pod !== 'running' || world.faults > 0) continue;
    const lost = { ...world, faults: 1, dask: lose(dask, ordinal) };
    worlds.push({ ...lost, ...withWorker(ordinal, 'failed') });
  }
  return worlds;
}

/** Workers whose process runs or may run: it joins, if it has not. */
export function withProcess(pods: Pods): number[] {
  return [...workersThatAre('running', pods), ...dying(pods)];
}

export function dying(pods: Pods): number[] {
  return workersThatAre('dying', pods);
}

function workersThatAre(pod: Pod, { workers }: Pods): number[] {
  return Object.keys(workers)
    .map(Number)
    .filter((ordinal) => workers[ordinal] === pod);
}
