import { expect, test } from 'vitest';
import { isTrue } from '../api/conditions.ts';
import { holdsSlot } from './admission.ts';
import { isOver } from './attempt.ts';
import { decide } from './decide.ts';
import { initialWorlds } from './model-start.ts';
import { type World, describeWorld, observeWorld } from './model-world.ts';
import { settle } from './model-settle.ts';
import { walk } from './model-walk.ts';
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
  for (const [attempt, starts] of Object.entries(after.flowStarts)) {
    expect(starts, `flow of attempt ${attempt} ran more than once`).toBeLessThanOrEqual(1);
  }
  if (before.crowded && !holdsSlot(before.status)) {
    expect(after.status.attempt, 'begun without a slot').toBe(before.status.attempt);
  }
  if (isOver(before.status)) {
    const outcome = (world: World) => [
      isTrue(world.status.conditions, 'Complete'),
      world.status.reason,
      world.status.result,
    ];
    expect(outcome(after), 'a committed outcome changed').toEqual(outcome(before));
  }
  for (const { type, status, reason } of after.status.conditions ?? []) {
    const known = reasonsOf(type, status);
    if (!known.includes(reason))
      expect.fail(`${type}=${status} has the reason ${reason}, which is not listed`);
  }
  if (isTrue(before.status.conditions, 'CleanedUp')) {
    expect(after.status, 'written after the end').toEqual(before.status);
  } else if (isTrue(after.status.conditions, 'CleanedUp')) {
    // What comes late may do so just then.
    if (!after.late) expect(remainsOf(after), 'left behind at the end').toEqual(NOTHING_LEFT);
    expect(after.status.cluster?.workers?.ready ?? 0, 'workers shown that are gone').toBe(0);
  }
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
      expect(
        isTrue(end.status.conditions, wanted),
        `no end from ${describeWorld(state)}, stuck at ${describeWorld(end)}`,
      ).toBe(true);
      expect(remainsOf(end), `left behind from ${describeWorld(state)}`).toEqual(NOTHING_LEFT);
      const last = decide(observeWorld(end));
      expect(last.kind === 'act' && last.actions.length === 0, 'the end is not at rest').toBe(true);
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
