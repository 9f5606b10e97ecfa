import type { Attempt } from '../api/attempt.ts';
import type { FlowRunStatus } from '../api/status.ts';
import type { Decision } from './decision.ts';
import { normal } from './end.ts';
import { groupsOf, withGroups } from './groups.ts';
import { stayingWorkers, workerGroups } from './members.ts';
import type { AdaptPlan, Observed } from './observed.ts';
import { scale } from './scale.ts';
import type { Scaling } from './scaling-input.ts';
import { formatTime, parseTime } from './time.ts';
import { commit } from './transition.ts';

/** Changes of size that the status remembers, and how much of each reason. */
const HISTORY = 20;
const REASON_LENGTH = 256;
const DECISION_LENGTH = 1024;

/** How the cluster is scaled; undefined for one of fixed size, and for a spec that cannot be run any more. */
export function adaptOf({ plan, status }: Observed): AdaptPlan | undefined {
  return plan.ok && status.cluster !== undefined ? plan.cluster?.adapt : undefined;
}

/** What the policy says of an adaptive cluster whose scheduler was heard; undefined when there is nothing to say. */
export function judge(observed: Observed, attempt: Attempt): Scaling | undefined {
  const { scheduler, plan, now } = observed;
  const adapt = adaptOf(observed);
  if (adapt === undefined || !plan.ok || plan.cluster === undefined || scheduler.kind !== 'heard')
    return undefined;
  const groups = workerGroups(observed, plan.cluster);
  if (groups === undefined || scheduler.window.length === 0) return undefined;
  return scale({
    now,
    runningSince: attempt.runningTime === undefined ? undefined : parseTime(attempt.runningTime),
    adapt,
    groups,
    window: scheduler.window,
    refusals: scheduler.refusals,
  });
}

/**
 * Commits who joins, who is retired and who stays after all, before anything is created or deleted for it. At most once
 * for each answer of the scheduler: what is wanted is judged anew from the next one.
 */
export function resize(observed: Observed, scaling: Scaling): Decision | undefined {
  const { scheduler, status } = observed;
  const adapt = adaptOf(observed);
  const { workers } = status.cluster ?? {};
  if (adapt === undefined || adapt.dryRun || workers === undefined) return undefined;
  if (scheduler.kind !== 'heard' || scheduler.used || !changesAnything(scaling)) return undefined;

  const groups = groupsOf(status);
  for (const group of groups) {
    for (const ordinal of scaling.giveBack) group.leaving.delete(ordinal);
    // One that has not joined may join at any moment: it is asked to leave like a worker that has.
    for (const ordinal of [...scaling.cancel, ...scaling.retire]) leave(group, ordinal);
  }
  let room = adapt.maximum - groups.reduce((sum, { ordinals }) => sum + ordinals.size, 0);
  let allocated = workers.allocated ?? 0;
  for (const group of groups) {
    for (let more = scaling.add.get(group.name) ?? 0; more > 0 && room > 0; more--, room--) {
      group.ordinals.add(allocated++);
    }
  }
  const cluster = withGroups({ ...status.cluster, workers: { ...workers, allocated } }, groups);
  const change = { from: stayingWorkers(status), to: stayingWorkers({ cluster }) };
  return commit(observed, {
    why: `scale from ${change.from} to ${change.to} workers`,
    fields: { cluster, scaling: remembered(observed, scaling, change) },
    events: eventsOf(change, scaling.why),
    usesAnswer: true,
  });
}

function leave(
  { ordinals, leaving }: { ordinals: Set<number>; leaving: Set<number> },
  ordinal: number,
): void {
  if (ordinals.has(ordinal)) leaving.add(ordinal);
}

export function changesAnything({ add, cancel, retire, giveBack }: Scaling): boolean {
  return add.size > 0 || cancel.length > 0 || retire.length > 0 || giveBack.length > 0;
}

/** What the policy sees and says, for people. */
export function told(observed: Observed, { target, desired, why }: Scaling): FlowRunStatus['scaling'] {
  const { scheduler, status } = observed;
  return {
    ...status.scaling,
    target,
    desired: [...desired.values()].reduce((sum, count) => sum + count, 0),
    ...(scheduler.kind === 'heard' ? scheduler.queue : {}),
    lastDecision: `${adaptOf(observed)?.dryRun === true ? 'Dry run: ' : ''}${why}`.slice(0, DECISION_LENGTH),
  };
}

function remembered(observed: Observed, scaling: Scaling, { from, to }: { from: number; to: number }) {
  const history = observed.status.scaling?.history ?? [];
  const entry = { time: formatTime(observed.now), from, to, reason: scaling.why.slice(0, REASON_LENGTH) };
  return {
    ...told(observed, scaling),
    history: from === to ? history : [...history, entry].slice(-HISTORY),
  };
}

function eventsOf({ from, to }: { from: number; to: number }, why: string) {
  if (from === to) return [];
  return [normal(to > from ? 'ScaledUp' : 'ScaledDown', `From ${from} to ${to} workers: ${why}`)];
}
