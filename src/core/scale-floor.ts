import type { Load } from './load.ts';
import { isOrdinary, type Wanted } from './scale-demand.ts';
import { staying } from './scale-limits.ts';
import type { ScalingInput, WorkerGroup } from './scaling-input.ts';

/** A flow that has just begun may call `scatter` or `run` first: on no worker they time out. */
const BEGINNING_MS = 60_000;

/** Whether nothing waits, runs or is asked for. */
export function isIdle({ demand, scattersWaiting, workers }: Load): boolean {
  return (
    demand.every(({ tasks }) => tasks <= 0) &&
    scattersWaiting === 0 &&
    [...workers.values()].every(({ executing, longRunning }) => executing + longRunning === 0)
  );
}

/** Why the last worker stays, as the end of "one worker is kept while …"; undefined when none is needed. */
export function reasonToKeepOne(load: Load, { now, runningSince }: ScalingInput): string | undefined {
  if (!isIdle(load)) return 'there is work';
  if (load.keysWanted) return 'results are held';
  if (runningSince === undefined || now - runningSince < BEGINNING_MS) return 'the flow has just begun';
  if (load.finished === 0) return 'no task has finished yet';
  return undefined;
}

/** What is wanted, and one worker at least if there is a reason: where there is one already, else a plain one. */
export function withFloor(wanted: Wanted['byGroup'], load: Load, input: ScalingInput): Wanted['byGroup'] {
  const { groups } = input;
  const possible = (group: WorkerGroup) => group.blocked === undefined || staying(group, 'started') > 0;
  const some = groups.some((group) => (wanted.get(group.name) ?? 0) > 0 && possible(group));
  if (some || reasonToKeepOne(load, input) === undefined) return wanted;
  const home =
    groups.find((group) => staying(group, 'started') > 0) ??
    groups.find((group) => staying(group) > 0 && possible(group)) ??
    groups.find((group) => isOrdinary(group) && possible(group)) ??
    groups.find(possible) ??
    groups[0];
  if (home === undefined) return wanted;
  // A scatter waits as long as every worker is paused.
  const paused =
    load.scattersWaiting === 0 ? [] : home.members.filter(({ ordinal }) => load.workers.get(ordinal)?.paused);
  return new Map([...wanted, [home.name, Math.max(wanted.get(home.name) ?? 0, 1 + paused.length)]]);
}
