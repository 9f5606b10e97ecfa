import type { Load } from './load.ts';
import { crowdedOut } from './scale-crowding.ts';
import { waits } from './refusals.ts';
import { type Sizes, wantedWorkers } from './scale-demand.ts';
import { hasYetToBegin, isIdle, sizes } from './scale-floor.ts';
import { Allocation, staying } from './scale-limits.ts';
import { busyMembers, isBusy, Memory, returnable, unjoined, victims } from './scale-victims.ts';
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
  const current = { ...input, groups: input.groups.map((group) => restored(group, failed)) };
  const wanted = wantedWorkers(newest, current.groups, input.adapt.targetSeconds);
  const goal = sizes(wanted.byGroup, newest, current);
  const { kept, ...less } = lowered(current, newest, goal);
  const more = raised(current, newest, goal, less.cancel);
  const changes = { ...less, add: more.add, giveBack: [...failed, ...more.giveBack] };
  const gone = new Set([...changes.cancel, ...changes.retire]);
  const size = (group: WorkerGroup) =>
    restored(group, changes.giveBack).members.filter(({ leaving, ordinal }) => !leaving && !gone.has(ordinal))
      .length + (changes.add.get(group.name) ?? 0);
  const scaling = {
    ...changes,
    crowdedOut: crowdedOut(current, changes),
    target: total(wanted.byGroup),
    desired: new Map(input.groups.map((group) => [group.name, size(group)])),
  };
  return { ...scaling, why: explain(current, wanted, scaling, kept) };
}

function hold({ groups }: ScalingInput): Scaling {
  const desired = new Map(groups.map((group) => [group.name, staying(group)]));
  return {
    target: total(desired),
    desired,
    add: new Map(),
    cancel: [],
    retire: [],
    giveBack: [],
    crowdedOut: [],
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

function total(sizes: Sizes): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * Sizes not to shrink below, or why nothing shrinks. With an idle time-out, an idle cluster keeps its size until then
 * and not longer; otherwise every answer of the window has a say.
 */
function floors(input: ScalingInput, newest: Load, goal: Sizes): Sizes | string {
  const { adapt, groups, window } = input;
  if (hasYetToBegin(newest, input)) return 'until the flow has submitted its first task';
  if (adapt.idleTimeoutSeconds !== undefined && adapt.idleTimeoutSeconds > 0 && isIdle(newest)) {
    return newest.idleSeconds >= adapt.idleTimeoutSeconds
      ? goal
      : `until idle for ${adapt.idleTimeoutSeconds} s`;
  }
  if (!isComplete(window, adapt)) return patience(input);
  const earlier = window.slice(0, -1).map((load) => {
    const { byGroup } = wantedWorkers(load, groups, adapt.targetSeconds);
    return sizes(byGroup, load, input);
  });
  return new Map(
    [...goal].map(([name, size]) => [name, Math.max(size, ...earlier.map((each) => each.get(name) ?? 0))]),
  );
}

function patience({ adapt }: ScalingInput): string {
  return `until ${adapt.waitCount} answers in a row ask for fewer`;
}

interface Lowered {
  cancel: number[];
  retire: number[];
  /** Why workers beyond what is asked for stay. */
  kept: string | undefined;
}

/** Takes away what is too much: pods that have not joined first, then workers that hold and do least. */
function lowered(input: ScalingInput, newest: Load, goal: Sizes): Lowered {
  const result: Lowered = { cancel: [], retire: [], kept: undefined };
  if (input.groups.every((group) => staying(group) <= (goal.get(group.name) ?? 0))) return result;
  const least = floors(input, newest, goal);
  if (typeof least === 'string') return { ...result, kept: least };
  const memory = new Memory(input.groups, newest);
  // What one worker could not do, its neighbour most likely cannot either: nobody follows at once.
  const refused = input.window.some(({ workers }) =>
    [...workers.values()].some(({ drain }) => drain === 'failed'),
  );
  for (const group of input.groups) {
    const surplus = staying(group) - (least.get(group.name) ?? 0);
    if (surplus <= 0) {
      if (staying(group) > (goal.get(group.name) ?? 0)) result.kept ??= patience(input);
      continue;
    }
    const cancel = unjoined(group, newest).slice(0, surplus);
    result.cancel.push(...cancel.map(({ ordinal }) => ordinal));
    let left = surplus - cancel.length;
    const waiting = group.members.some(({ ordinal }) => waits(input.refusals, ordinal, input.now));
    let kept = refused || waiting ? 'as a retirement has failed' : 'which others depend on';
    const candidates = refused ? [] : victims(group, input);
    // Idle ones that cannot go are no reason to take busy ones instead: only what is beyond the size goes busy.
    let busy = busyMembers(group, newest) - (least.get(group.name) ?? 0);
    for (const [ordinal, worker] of candidates) {
      if (left === 0 || (isBusy(worker) && busy <= 0)) break;
      if (memory.release(ordinal, worker)) {
        result.retire.push(ordinal);
        left -= 1;
        busy -= isBusy(worker) ? 1 : 0;
      } else {
        kept = 'as no other has memory for their results';
      }
    }
    if (left > 0) result.kept ??= kept;
  }
  return result;
}

/** Brings what is missing: retiring workers are wanted back before new pods are, and those only within the limits. */
function raised(
  { adapt, groups }: ScalingInput,
  newest: Load,
  goal: Sizes,
  cancelled: readonly number[],
): Pick<Scaling, 'add'> & { giveBack: number[] } {
  const giveBack: number[] = [];
  const missing = new Map<string, number>();
  const allocation = new Allocation(adapt, groups);
  for (const group of groups) {
    const short = Math.max(0, (goal.get(group.name) ?? 0) - staying(group));
    const back = returnable(group, newest).slice(0, short);
    giveBack.push(...back);
    missing.set(group.name, group.blocked === undefined ? short - back.length : 0);
    // A pod counts until it is gone, also while it is being retired.
    allocation.add(group, group.members.filter(({ ordinal }) => !cancelled.includes(ordinal)).length);
  }
  const present = new Map(allocation.sizes);
  allocation.fill(groups, (group) =>
    Math.min(group.maximum, (present.get(group.name) ?? 0) + (missing.get(group.name) ?? 0)),
  );
  const add = [...allocation.sizes].map(([name, size]) => [name, size - (present.get(name) ?? 0)] as const);
  return { add: new Map(add.filter(([, count]) => count > 0)), giveBack };
}
