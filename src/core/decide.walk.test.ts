import { expect, test } from 'vitest';
import { isTrue } from '../api/conditions.ts';
import { holdsSlot } from './admission.ts';
import { isOver } from './attempt.ts';
import { decide } from './decide.ts';
import { initialWorlds } from './model-start.ts';
import { type World, describeWorld, observeWorld } from './model-world.ts';
import { settle } from './model-settle.ts';
import { claim, claimSame, walk } from './model-walk.ts';
import { reasonsOf } from './reasons/reason.ts';

const statesFrom = (world: World) => walk(world, check);

const NOTHING_LEFT = {
  liveFlow: false,
  scheduler: 'absent',
  workers: [],
  service: false,
  files: false,
  stray: false,
};

/** What may not be there at the end. */
function remainsOf({ pods, stray }: World): object {
  const { flow, scheduler, workers, service, files } = pods;
  const liveFlow = flow === 'pending' || flow === 'running';
  const left = Object.values(workers).filter((pod) => pod !== 'absent');
  return { liveFlow, scheduler, workers: left, service, files, stray };
}

function check(before: World, after: World): void {
  for (const [attempt, starts] of Object.entries(after.flowStarts))
    claim(starts <= 1, () => `flow of attempt ${attempt} ran more than once`);
  if (before.crowded && !holdsSlot(before.status))
    claim(after.status.attempt === before.status.attempt, () => 'begun without a slot');
  if (isOver(before.status)) {
    const [was, is] = [before, after].map(({ status: { conditions, reason, result } }) => ({
      complete: isTrue(conditions, 'Complete'),
      reason,
      result,
    }));
    claimSame(is, was, () => 'a committed outcome changed');
  }
  for (const { type, status, reason } of after.status.conditions ?? []) {
    const known = reasonsOf(type, status);
    claim(known.includes(reason), () => `${type}=${status} has the reason ${reason}, which is not listed`);
  }
  if (isTrue(before.status.conditions, 'CleanedUp')) {
    claimSame(after.status, before.status, () => 'written after the end');
  } else if (isTrue(after.status.conditions, 'CleanedUp')) {
    // What comes late may do so just then.
    if (!after.late) claimEmpty(after, () => 'at the end');
    claim((after.status.cluster?.workers?.ready ?? 0) === 0, () => 'workers shown that are gone');
  }
}

function claimEmpty(world: World, where: () => string): void {
  claimSame(remainsOf(world), NOTHING_LEFT, () => `left behind ${where()}`);
}

test.each(initialWorlds())(
  'every reachable state of $name keeps the invariants and reaches its end',
  ({ world }) => {
    const states = statesFrom(world);
    // A model that stops moving would pass every check.
    expect(states.size).toBeGreaterThan(200);
    const settled = new Map<string, World>();
    const phases = new Set<string | undefined>();
    for (const state of states.values()) {
      phases.add(state.status.phase);
      const end = settle(state, settled);
      const wanted = end.suspend && !isOver(end.status) ? 'Suspended' : 'CleanedUp';
      claim(
        isTrue(end.status.conditions, wanted),
        () => `no end from ${describeWorld(state)}, stuck at ${describeWorld(end)}`,
      );
      claimEmpty(end, () => `from ${describeWorld(state)}`);
      const last = decide(observeWorld(end));
      claim(last.kind === 'act' && last.actions.length === 0, () => 'the end is not at rest');
    }
    expect(phases).toContain('Running');
    expect(phases).toContain('Succeeded');
    const queued = [...states.values()].filter(({ status }) => status.queue !== undefined);
    expect(queued.length > 0, 'runs wait just where they must').toBe(world.crowds > 0);
    for (const { status } of queued) expect(status).toMatchObject({ phase: 'Pending', reason: 'Queued' });
    expect(phases.has('Cancelled')).toBe(world.mayCancel);
  },
  240_000,
);
