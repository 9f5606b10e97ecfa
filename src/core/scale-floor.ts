import type { Load } from './load.ts';
import { isOrdinary, type Sizes } from './scale-demand.ts';
import { limit, staying } from './scale-limits.ts';
import type { ScalingInput, WorkerGroup } from './scaling-input.ts';

/** A flow that has just begun may call `scatter` or `run` first: on no worker they time out. */
const BEGINNING_MS = 60_000;

/** A flow may take so long to connect: images with much to import, on a busy node. A command may never do. */
const UNSEEN_MS = 10 * 60_000;

/** Whether nothing waits, runs or is asked for. */
export function isIdle({ demand, scattersWaiting, workers }: Load): boolean {
  return (
    demand.every(({ tasks }) => tasks <= 0) &&
    scattersWaiting === 0 &&
    [...workers.values()].every(({ executing, longRunning }) => executing + longRunning === 0)
  );
}

/**
 * Whether the flow is still on its way to its first task: until then nobody can tell how many workers it needs. It has a
 * minute from when its client has connected, and from the last that it did without a task.
 */
export function hasYetToBegin(
  load: Load,
  { now, runningSince }: Pick<ScalingInput, 'now' | 'runningSince'>,
): boolean {
  if (load.finished > 0 || !isIdle(load)) return false;
  if (runningSince === undefined) return true;
  const running = now - runningSince;
  return load.flowSeen ? Math.min(running, load.idleSeconds * 1000) < BEGINNING_MS : running < UNSEEN_MS;
}

/** Why the last worker stays, as the end of "one worker is kept while …"; undefined when none is needed. */
export function reasonToKeepOne(load: Load, { now, runningSince }: ScalingInput): string | undefined {
  if (!isIdle(load)) return 'there is work';
  if (load.keysWanted) return 'results are held';
  if (runningSince === undefined || now - runningSince < BEGINNING_MS) return 'the flow has just begun';
  if (load.finished === 0) return 'no task has finished yet';
  return undefined;
}

/** Sizes of the groups for one answer: what its work wants within the limits, and one worker at least if there is a reason. */
export function sizes(wanted: Sizes, load: Load, input: ScalingInput): Sizes {
  const limited = limit(wanted, input);
  const possible = (group: WorkerGroup) => group.blocked === undefined || staying(group, 'started') > 0;
  const some = input.groups.some((group) => (limited.get(group.name) ?? 0) > 0 && possible(group));
  const home =
    some || reasonToKeepOne(load, input) === undefined ? undefined : homeOf(input.groups, possible);
  if (home === undefined) return limited;
  // A scatter waits as long as every worker is paused.
  const paused =
    load.scattersWaiting === 0
      ? 0
      : home.members.filter(({ ordinal }) => load.workers.get(ordinal)?.paused).length;
  return limit(new Map([...wanted, [home.name, Math.max(wanted.get(home.name) ?? 0, 1 + paused)]]), input);
}

/** Where the one worker is to be: where there is one already, else among plain ones. */
function homeOf(
  groups: readonly WorkerGroup[],
  possible: (group: WorkerGroup) => boolean,
): WorkerGroup | undefined {
  return (
    groups.find((group) => staying(group, 'started') > 0) ??
    groups.find((group) => staying(group) > 0 && possible(group)) ??
    groups.find((group) => isOrdinary(group) && possible(group)) ??
    groups.find(possible) ??
    groups.find((group) => staying(group) > 0) ??
    groups[0]
  );
}
