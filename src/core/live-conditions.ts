import { findCondition } from '../api/conditions.ts';
import { currentAttempt } from './attempt.ts';
import { adaptOf } from './adaptive.ts';
import type { EventNote } from './decision.ts';
import { warning } from './end.ts';
import { groupsOf } from './groups.ts';
import { obstacles } from './members.ts';
import type { AdaptPlan, Observed } from './observed.ts';
import { formatBytes } from './quantities.ts';
import { ableGroups } from './scale-crowding.ts';
import type { Scaling } from './scaling-input.ts';
import type { ConditionChange } from './transition.ts';
import { needsOf, unsatisfiable } from './unsatisfiable.ts';

/** How the cluster fares: those conditions that are not as the status has them, and the events that go with them. */
export function liveConditions(
  observed: Observed,
  decided?: Scaling,
): { conditions: ConditionChange[]; events: EventNote[] } {
  const { conditions: known } = observed.status;
  const conditions = [scaling(observed), pending(observed, decided), resources(observed)]
    .filter((next) => next !== undefined)
    .filter((next) => {
      const old = findCondition(known, next.type);
      // A condition that never held need not be denied.
      if (old === undefined) return next.status === 'True' || next.type === 'Scaling';
      // Why a scheduler is silent may change every second; that it is does not.
      const same = next.type === 'Scaling' || old.message === next.message;
      return !(same && old.status === next.status && old.reason === next.reason);
    });
  const events = conditions
    .filter(({ type, status, reason }) => {
      const old = findCondition(known, type);
      return type === 'Scaling'
        ? (reason === 'SchedulerSilent' || reason === 'SpecRefused') && old?.reason !== reason
        : status === 'True' && old?.status !== status;
    })
    .map(({ reason, message }) => warning(reason, message));
  return { conditions, events };
}

function scaling(observed: Observed): ConditionChange | undefined {
  const { scheduler, status, plan } = observed;
  const adapt = adaptOf(observed);
  const running = currentAttempt(status)?.runningTime !== undefined;
  if (status.cluster === undefined || scheduler.kind === 'none') return undefined;
  if (scheduler.kind === 'silent') {
    // Before it has answered for the first time nobody waits for a decision.
    if (!running) return undefined;
    return {
      type: 'Scaling',
      status: 'False',
      reason: 'SchedulerSilent',
      message: `The Dask scheduler does not answer (${scheduler.cause}). The cluster keeps its size until it does.`,
    };
  }
  if (adapt === undefined) {
    // Nothing to tell of a cluster that is as it shall be.
    if (findCondition(status.conditions, 'Scaling') === undefined) return undefined;
    if (!plan.ok)
      return {
        type: 'Scaling',
        status: 'False',
        reason: 'SpecRefused',
        message: `The cluster keeps its size: the operator that runs now would not begin a run with this spec. ${plan.message}`,
      };
    return {
      type: 'Scaling',
      status: 'False',
      reason: 'FixedSize',
      message: 'The cluster has a fixed size, and its scheduler answers.',
    };
  }
  if (adapt.dryRun) {
    return {
      type: 'Scaling',
      status: 'False',
      reason: 'DryRun',
      message: '`adaptKwargs.dry_run`: what scaling would do is told in status.scaling and not done.',
    };
  }
  return {
    type: 'Scaling',
    status: 'True',
    reason: 'Adapting',
    message: `The cluster is scaled between ${adapt.minimum} and ${adapt.maximum} workers.`,
  };
}

function pending(observed: Observed, decided: Scaling | undefined): ConditionChange | undefined {
  const stuck = obstacles(observed);
  const crowded = decided === undefined ? [] : crowding(observed, decided);
  const [first] = stuck;
  if (first === undefined && crowded.length === 0) {
    const old = findCondition(observed.status.conditions, 'WorkersPending');
    // Of a scheduler that is silent it is not known.
    if (decided === undefined && old?.reason === 'MaximumReached') return undefined;
    return {
      type: 'WorkersPending',
      status: 'False',
      reason: 'Started',
      message: 'No worker waits to start.',
    };
  }
  return {
    type: 'WorkersPending',
    status: 'True',
    reason: first?.reason ?? 'MaximumReached',
    message: [
      ...stuck.map(
        ({ group, pods, reason, message }) =>
          `${pods === 1 ? '1 worker' : `${pods} workers`} of group ${group} cannot start: ${reason}: ${message}`,
      ),
      ...crowded,
    ].join(' '),
  };
}

/** Which groups wait for others to be done; sentences. Without numbers of tasks, which change all the time. */
function crowding({ plan, status }: Observed, { crowdedOut }: Scaling): string[] {
  if (!plan.ok || plan.cluster?.adapt === undefined || plan.cluster.adapt.dryRun) return [];
  const { groups, adapt } = plan.cluster;
  const holders = groupsOf(status).filter(({ ordinals }) => ordinals.size > 0);
  return crowdedOut.map((row) => {
    const needs = needsOf(row);
    const tasks = needs === '' ? 'Plain tasks' : `Tasks that need ${needs}`;
    const able = ableGroups(row, groups).map(({ name }) => name);
    return (
      `${tasks} wait for a worker of group ${able.join(' or ')}: within adaptKwargs (${bounds(adapt)}) those of ` +
      `${holders.map(({ name }) => name).join(', ')} leave no room. The groups take turns; raise the maximum to let them work together.`
    );
  });
}

function bounds({ maximum, maximumCores, maximumMemoryBytes }: AdaptPlan): string {
  return [
    `maximum ${maximum}`,
    ...(Number.isFinite(maximumCores) ? [`maximum_cores ${maximumCores}`] : []),
    ...(Number.isFinite(maximumMemoryBytes) ? [`maximum_memory ${formatBytes(maximumMemoryBytes)}`] : []),
  ].join(', ');
}

function resources({ plan, scheduler }: Observed): ConditionChange | undefined {
  const newest = scheduler.kind === 'heard' ? scheduler.window.at(-1) : undefined;
  if (newest === undefined || !plan.ok || plan.cluster === undefined) return undefined;
  const message = unsatisfiable(newest.demand, plan.cluster.groups);
  return message === undefined
    ? {
        type: 'UnsatisfiableResources',
        status: 'False',
        reason: 'Satisfiable',
        message: 'There is a kind of worker for every task.',
      }
    : { type: 'UnsatisfiableResources', status: 'True', reason: 'NoSuchWorker', message };
}
