import { findCondition } from '../api/conditions.ts';
import { currentAttempt } from './attempt.ts';
import { adaptOf } from './adaptive.ts';
import type { EventNote } from './decision.ts';
import { warning } from './end.ts';
import { obstacles } from './members.ts';
import type { Observed } from './observed.ts';
import type { ConditionChange } from './transition.ts';
import { unsatisfiable } from './unsatisfiable.ts';

/** How the cluster fares: those conditions that are not as the status has them, and the events that go with them. */
export function liveConditions(observed: Observed): { conditions: ConditionChange[]; events: EventNote[] } {
  const { conditions: known } = observed.status;
  const conditions = [scaling(observed), pending(observed), resources(observed)]
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
    .filter(({ type, status }) =>
      type === 'Scaling' ? status === 'False' && findCondition(known, type) !== undefined : status === 'True',
    )
    .filter(({ type, status }) => findCondition(known, type)?.status !== status)
    .map(({ reason, message }) => warning(reason, message));
  return { conditions, events };
}

function scaling(observed: Observed): ConditionChange | undefined {
  const { scheduler, status } = observed;
  const adapt = adaptOf(observed);
  const running = currentAttempt(status)?.runningTime !== undefined;
  if (adapt === undefined) return undefined;
  if (scheduler.kind === 'none') return undefined;
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

function pending(observed: Observed): ConditionChange {
  const stuck = obstacles(observed);
  const [first] = stuck;
  if (first === undefined) {
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
    reason: first.reason,
    message: stuck
      .map(
        ({ group, pods, reason, message }) =>
          `${pods === 1 ? '1 worker' : `${pods} workers`} of group ${group} cannot start: ${reason}: ${message}`,
      )
      .join(' '),
  };
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
