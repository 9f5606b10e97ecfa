import type { Demand, Load } from './load.ts';
import { slots } from './scale-demand.ts';
import { isComplete } from './scale-window.ts';
import { sortedText } from './sorted-text.ts';
import type { Scaling, ScalingInput, WorkerGroup } from './scaling-input.ts';

type Changes = Pick<Scaling, 'add' | 'cancel' | 'retire'>;

/**
 * Tasks that no present worker can run, and none will come for: others fill the maximum. Only what has been so for a whole
 * window counts, and nothing while somebody makes room.
 */
export function crowdedOut(input: ScalingInput, { add, cancel, retire }: Changes): readonly Demand[] {
  const { adapt, groups, window } = input;
  const [oldest] = window;
  const newest = window.at(-1);
  if (oldest === undefined || newest === undefined || !isComplete(window, adapt)) return [];
  const leaves = groups.some(({ members }) => members.some(({ leaving }) => leaving));
  if (leaves || cancel.length + retire.length > 0) return [];
  const waited = new Set(unserved(oldest, groups).map(({ resources }) => sortedText(resources)));
  return unserved(newest, groups).filter(
    (row) =>
      waited.has(sortedText(row.resources)) &&
      ableGroups(row, groups).some(({ blocked }) => blocked === undefined) &&
      !ableGroups(row, groups).some(({ name }) => add.has(name)),
  );
}

/** Groups whose workers can run the demand, if they may have any. */
export function ableGroups<G extends Omit<WorkerGroup, 'members' | 'blocked'>>(
  { resources }: Demand,
  groups: readonly G[],
): readonly G[] {
  return groups.filter((group) => group.maximum > 0 && slots(resources, group) > 0);
}

function unserved({ demand }: Load, groups: readonly WorkerGroup[]): readonly Demand[] {
  return demand.filter(
    (row) => row.tasks > 0 && !ableGroups(row, groups).some(({ members }) => members.length > 0),
  );
}
