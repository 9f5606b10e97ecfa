import { expect } from 'vitest';

import { waits } from './refusals.ts';
import { hasYetToBegin, reasonToKeepOne } from './scale-floor.ts';
import { scale } from './scale.ts';
import type { Scaling, ScalingInput, WorkerGroup } from './scaling-input.ts';
import { isComplete } from './scale-window.ts';

const MAX_STEPS = 6;

const count = (group: WorkerGroup) => group.members.filter(({ leaving }) => !leaving).length;
const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, each) => total + each, 0);

/** The input as it is once the decision has been carried out and before anything else has happened. */
export function apply(input: ScalingInput, decision: Scaling): ScalingInput {
  let ordinal =
    Math.max(999, ...input.groups.flatMap(({ members }) => members.map((each) => each.ordinal))) + 1;
  const groups = input.groups.map((group) => ({
    ...group,
    members: [
      ...group.members
        .filter((member) => !decision.cancel.includes(member.ordinal))
        .map((member) => ({
          ...member,
          leaving:
            (member.leaving || decision.retire.includes(member.ordinal)) &&
            !decision.giveBack.includes(member.ordinal),
        })),
      ...Array.from({ length: decision.add.get(group.name) ?? 0 }, () => ({
        ordinal: ordinal++,
        pod: 'pending' as const,
        leaving: false,
      })),
    ],
  }));
  return { ...input, groups };
}

/** What holds of every decision, whatever the input. */
export function check(input: ScalingInput): Scaling {
  const decision = scale(input);
  const after = apply(input, decision);
  const newest = input.window.at(-1);

  for (const group of after.groups) {
    expect(decision.desired.get(group.name), `desired ${group.name} is what there will be`).toBe(
      count(group),
    );
  }
  if (newest === undefined) {
    expect(isRest(decision), 'a change while nothing is known').toBe(true);
    return decision;
  }

  limitsHold(input, decision, after);
  leavesWell(input, decision);
  if (decision.cancel.length + decision.retire.length > 0 && reasonToKeepOne(newest, input) !== undefined) {
    const left = sum(after.groups.map(({ members }) => members.length));
    expect(left, 'takes the last worker while it is needed').toBeGreaterThan(0);
  }

  if (hasYetToBegin(newest, input)) {
    expect([decision.cancel, decision.retire], 'shrinks before the flow has begun').toEqual([[], []]);
  }

  comesToRest(input, decision);
  return decision;
}

/**
 * With nothing else happening, decisions end. Several groups that can do the same work, or a window whose earlier
 * answers show workers that are gone, may take more than one step.
 */
function comesToRest(input: ScalingInput, first: Scaling): void {
  let world = input;
  let decision = first;
  for (let step = 0; step < MAX_STEPS && !isRest(decision); step++) {
    world = apply(world, decision);
    decision = scale(world);
  }
  expect(isRest(decision), 'never comes to rest').toBe(true);
}

export function isRest({ add, cancel, retire, giveBack }: Scaling): boolean {
  return add.size + cancel.length + retire.length + giveBack.length === 0;
}

function limitsHold(input: ScalingInput, decision: Scaling, after: ScalingInput): void {
  const { adapt, groups } = input;
  const unlimited = adapt.maximumCores === Infinity && adapt.maximumMemoryBytes === Infinity;
  const pods = sum(after.groups.map(({ members }) => members.length));
  const cores = sum(after.groups.map(({ members, threads }) => members.length * threads));
  const bytes = sum(after.groups.map(({ members, memoryBytes }) => members.length * (memoryBytes ?? 0)));
  if (decision.add.size > 0) {
    expect(pods, 'above the maximum').toBeLessThanOrEqual(adapt.maximum);
    expect(cores, 'above the maximum of threads').toBeLessThanOrEqual(adapt.maximumCores);
    if (after.groups.some(({ name, memoryBytes }) => decision.add.has(name) && memoryBytes !== undefined)) {
      expect(bytes, 'above the maximum of memory').toBeLessThanOrEqual(adapt.maximumMemoryBytes);
    }
  }
  for (const group of after.groups) {
    if (!decision.add.has(group.name)) continue;
    expect(group.blocked, `adds to the blocked ${group.name}`).toBeUndefined();
    expect(group.members.length, `above the maximum of ${group.name}`).toBeLessThanOrEqual(group.maximum);
  }
  const taken = new Set([...decision.cancel, ...decision.retire]);
  if (taken.size > 0 && groups.every(({ blocked }) => blocked === undefined) && unlimited) {
    // One that leaves counts until its pod is gone: a group may have to give its place to another.
    expect(pods, 'below the minimum').toBeGreaterThanOrEqual(
      Math.min(adapt.minimum, adapt.maximum, sum(input.groups.map(({ maximum }) => maximum))),
    );
  }
  for (const group of after.groups) {
    const before = input.groups.find(({ name }) => name === group.name);
    const took = before?.members.some(({ ordinal }) => taken.has(ordinal)) ?? false;
    const others = sum(input.groups.map(({ minimum }) => minimum));
    if (took && group.blocked === undefined && others <= adapt.maximum && unlimited) {
      expect(count(group), `below the minimum of ${group.name}`).toBeGreaterThanOrEqual(
        Math.min(group.minimum, group.maximum),
      );
    }
  }
}

function leavesWell(input: ScalingInput, { cancel, retire, giveBack }: Scaling): void {
  const { now, adapt, window, groups, refusals } = input;
  const newest = window.at(-1)!;
  const members = groups.flatMap((group) => group.members);
  const worker = (ordinal: number) => newest.workers.get(ordinal);
  for (const { ordinal, leaving } of members) {
    if (cancel.includes(ordinal))
      expect(worker(ordinal) ?? leaving, 'cancels one that has joined').toBe(false);
    if (giveBack.includes(ordinal))
      expect(leaving && worker(ordinal)?.drain !== 'retired', 'gives back what is not retiring').toBe(true);
    if (!retire.includes(ordinal)) continue;
    expect(leaving, 'retires twice').toBe(false);
    expect(waits(refusals, ordinal, now), 'retires one that could not leave').toBe(false);
    expect(worker(ordinal), 'retires one that others depend on').toMatchObject({
      working: true,
      pinned: false,
      longRunning: 0,
      drain: undefined,
    });
  }
  const idleTimeIsOver = newest.idleSeconds >= (adapt.idleTimeoutSeconds ?? Infinity);
  if (!isComplete(window, adapt) && !idleTimeIsOver) {
    expect([cancel, retire], 'shrinks without patience').toEqual([[], []]);
  }
  const rest = members.filter(
    ({ ordinal, leaving }) =>
      (!leaving || giveBack.includes(ordinal)) && !cancel.includes(ordinal) && !retire.includes(ordinal),
  );
  const held = sum(
    [...newest.workers]
      .filter(([ordinal]) => members.some((member) => member.ordinal === ordinal))
      .map(([, { bytes }]) => bytes),
  );
  if (retire.some((ordinal) => (worker(ordinal)?.bytes ?? 0) > 0)) {
    const room = sum(
      rest.map(({ ordinal }) => {
        const keeper = worker(ordinal);
        if (keeper === undefined || !keeper.working || keeper.paused) return 0;
        return keeper.memoryLimitBytes > 0 ? keeper.memoryLimitBytes : Infinity;
      }),
    );
    expect(room, 'leaves no memory for the results').toBeGreaterThanOrEqual(2 * held);
  }
  for (const group of groups) {
    const own = group.members.filter(({ leaving }) => !leaving);
    const taken = own.filter(({ ordinal }) => retire.includes(ordinal));
    if (taken.length === 0) continue;
    const unjoined = own.filter(({ ordinal }) => worker(ordinal) === undefined);
    expect(
      unjoined.every(({ ordinal }) => cancel.includes(ordinal)),
      'retires before it cancels',
    ).toBe(true);
    const busy = (ordinal: number) => (worker(ordinal)?.executing ?? 0) > 0;
    if (!taken.some(({ ordinal }) => busy(ordinal))) continue;
    const spared = own.filter(({ ordinal }) => {
      const other = worker(ordinal);
      return (
        other !== undefined &&
        !retire.includes(ordinal) &&
        other.processing + other.executing + other.longRunning + other.bytes === 0 &&
        other.working &&
        !other.pinned &&
        !waits(refusals, ordinal, now) &&
        window.every(({ workers }) => workers.get(ordinal)?.drain === undefined)
      );
    });
    expect(spared, 'retires a busy worker and spares an idle one').toEqual([]);
  }
}
