import type { Load } from './load.ts';
import { type Wanted, wantedWorkers } from './scale-demand.ts';
import { isIdle, withFloor } from './scale-floor.ts';
import { Allocation, limit, staying } from './scale-limits.ts';
import { Memory, returnable, unjoined, victims } from './scale-victims.ts';
import { explain } from './scale-why.ts';
import { isComplete } from './scale-window.ts';
import type { Scaling, ScalingInput, WorkerGroup } from './scaling-input.ts';

/**
 * Decides how many workers of each group there should be, and which go. Up at once, by the newest answer; down when
 * every answer of a complete window agrees, to the highest of them; nothing while nothing is known. A retirement that
 * failed is given back in any case.
 */
export function scale(input: ScalingInput): Scaling {
  const newest = input.window.at(-1);
  if (newest === undefined) return hold(input);
  const failed = input.groups.flatMap((group) => failures(group, newest));
  const groups = input.groups.map((group) => restored(group, failed));
  const current = { ...input, groups };
  const wanted = wantedWorkers(newest, groups, input.adapt.targetSeconds);
  const changes = raised(current, newest, lowered(current, newest, failed));
  const size = (group: WorkerGroup) =>
    staying(restored(group, changes.giveBack)) -
    group.members.filter(
      ({ ordinal }) => changes.cancel.includes(ordinal) || changes.retire.includes(ordinal),
    ).length +
    (changes.add.get(group.name) ?? 0);
  const scaling = {
    ...changes,
    target: total(wanted.byGroup),
    desired: new Map(input.groups.map((group) => [group.name, size(group)])),
  };
  return { ...scaling, why: explain(current, wanted, scaling) };
}

type Changes = Pick<Scaling, 'add' | 'cancel' | 'retire' | 'giveBack'>;

function hold({ groups }: ScalingInput): Scaling {
  const desired = new Map(groups.map((group) => [group.name, staying(group)]));
  return {
    target: total(desired),
    desired,
    add: new Map(),
    cancel: [],
    retire: [],
    giveBack: [],
    why: `Nothing is known of the scheduler's work at present: the ${total(desired)} workers stay.`,
  };
}

function failures({ members }: WorkerGroup, { workers }: Load): readonly number[] {
  return members
    .filter(({ ordinal, leaving }) => leaving && workers.get(ordinal)?.drain === 'failed')
    .map(({ ordinal }) => ordinal);
}

function restored(group: WorkerGroup, ordinals: readonly number[]): WorkerGroup {
  const members = group.members.map((member) =>
    ordinals.includes(member.ordinal) ? { ...member, leaving: false } : member,
  );
  return { ...group, members };
}

function total(sizes: Wanted['byGroup']): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Sizes that one answer asks for, within the limits. */
function allowed(load: Load, input: ScalingInput): Wanted['byGroup'] {
  const { byGroup } = wantedWorkers(load, input.groups, input.adapt.targetSeconds);
  return limit(withFloor(byGroup, load, input), input);
}

/**
 * Sizes not to shrink below. With an idle time-out, an idle cluster keeps its size until then and not longer;
 * otherwise the window tells.
 */
function floors(input: ScalingInput, newest: Load): Wanted['byGroup'] | undefined {
  const { adapt, window } = input;
  if (adapt.idleTimeoutSeconds !== undefined && isIdle(newest)) {
    return newest.idleSeconds >= adapt.idleTimeoutSeconds ? allowed(newest, input) : undefined;
  }
  if (!isComplete(window, adapt)) return undefined;
  const sizes = window.map((load) => allowed(load, input));
  return new Map(
    input.groups.map(({ name }) => [name, Math.max(...sizes.map((each) => each.get(name) ?? 0))]),
  );
}

/** Takes away what is too much: pods that have not started first, then workers that hold and do least. */
function lowered(input: ScalingInput, newest: Load, failed: readonly number[]): Changes {
  const changes = {
    add: new Map(),
    cancel: new Array<number>(),
    retire: new Array<number>(),
    giveBack: failed,
  };
  const sizes = floors(input, newest);
  if (sizes === undefined) return changes;
  const memory = new Memory(input.groups, newest);
  // What one worker could not do, its neighbour most likely cannot either: nobody follows at once.
  const refused = input.window.some(({ workers }) =>
    [...workers.values()].some(({ drain }) => drain === 'failed'),
  );
  for (const group of input.groups) {
    let surplus = staying(group) - (sizes.get(group.name) ?? 0);
    if (surplus <= 0) continue;
    const cancel = unjoined(group, newest).slice(0, surplus);
    changes.cancel.push(...cancel.map(({ ordinal }) => ordinal));
    surplus -= cancel.length;
    for (const [ordinal, worker] of refused ? [] : victims(group, input.window)) {
      if (surplus === 0) break;
      if (!memory.release(ordinal, worker)) continue;
      changes.retire.push(ordinal);
      surplus -= 1;
    }
  }
  return changes;
}

/** Brings what is missing: retiring workers are wanted back before new pods are, and those only within the limits. */
function raised(input: ScalingInput, newest: Load, changes: Changes): Changes {
  const { adapt, groups } = input;
  const sizes = allowed(newest, input);
  const giveBack = [...changes.giveBack];
  const missing = new Map<string, number>();
  const allocation = new Allocation(adapt, groups);
  for (const group of groups) {
    const short = (sizes.get(group.name) ?? 0) - staying(group);
    const back = short > 0 ? returnable(group, newest).slice(0, short) : [];
    giveBack.push(...back);
    missing.set(group.name, group.blocked === undefined ? Math.max(0, short - back.length) : 0);
    // A pod counts until it is gone, also while it is being retired.
    const cancelled = group.members.filter(({ ordinal }) => changes.cancel.includes(ordinal));
    allocation.add(group, group.members.length - cancelled.length);
  }
  const present = new Map(allocation.sizes);
  allocation.fill(groups, (group) =>
    Math.min(group.maximum, (present.get(group.name) ?? 0) + (missing.get(group.name) ?? 0)),
  );
  const add = new Map(
    [...allocation.sizes]
      .map(([name, size]) => [name, size - (present.get(name) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
  return { ...changes, add, giveBack };
}
