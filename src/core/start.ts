import { findCondition, isTrue } from '../api/conditions.ts';
import type { Attempt } from '../api/attempt.ts';
import type { Decision } from './decision.ts';
import { normal, warning } from './end.ts';
import type { ClusterPlan, Observed, Plan } from './observed.ts';
import { type Group, withGroups } from './groups.ts';
import { numbers } from './progress.ts';
import { outOfLine } from './queue.ts';
import { formatTime } from './time.ts';
import { type ConditionChange, commit, resumed } from './transition.ts';

/** Commits that the spec cannot be run and what to write instead; undefined when the status says so already. */
export function accept(observed: Observed, plan: Extract<Plan, { ok: false }>): Decision | undefined {
  const { reason, message } = plan;
  const said = findCondition(observed.status.conditions, 'Accepted');
  if (
    said?.status === 'False' &&
    said.reason === reason &&
    said.message === message &&
    said.observedGeneration === observed.run.generation
  ) {
    return undefined;
  }
  const waited = outOfLine(observed, reason, message);
  return commit(waited.observed, {
    why: 'the spec cannot be run',
    fields: { reason, message },
    conditions: [...waited.conditions, { type: 'Accepted', status: 'False', reason, message }],
    events: [warning(reason, message)],
  });
}

/** Commits the beginning of the next attempt, before anything of it is created. */
export function begin(observed: Observed, plan: Extract<Plan, { ok: true }>): Decision {
  const { status, now, run } = observed;
  const number = (status.attempt ?? 0) + 1;
  const time = formatTime(now);
  const groups = plan.cluster === undefined ? [] : firstWorkers(plan.cluster);
  const workers = groups.reduce((sum, { ordinals }) => sum + ordinals.size, 0);
  const {
    queue: _place,
    cluster: _previous,
    tasks: _tasks,
    result: _result,
    scaling: _scaling,
    ...kept
  } = status;
  // What was said of the last attempt's cluster.
  const conditions = status.conditions?.filter(({ type }) => type !== 'UnsatisfiableResources');
  const change = {
    why: `begin attempt ${number}`,
    fields: {
      attempt: number,
      startTime: status.startTime ?? time,
      reason: 'Starting',
      message: plan.cluster
        ? `Starting a Dask cluster of ${workers} workers and the flow.`
        : 'Starting the flow.',
      attempts: [...(status.attempts ?? []), { number, startTime: time }],
      ...(plan.cluster
        ? {
            cluster: withGroups({ workers: { ready: 0, allocated: workers, failures: 0 } }, groups),
          }
        : {}),
    },
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The spec can be run.' },
      { type: 'Running', status: 'False', reason: 'Starting', message: `Attempt ${number} is starting.` },
      ...resumed(status),
      ...warned(plan),
    ] satisfies ConditionChange[],
    events: [
      normal('Starting', number === 1 ? 'Began the run.' : `Began attempt ${number}.`),
      ...plan.warnings.map(({ reason, message }) => warning(reason, message)),
    ],
  };
  return commit({ ...observed, status: { ...kept, conditions }, run }, change);
}

/** The groups with their first workers; ordinals are counted across them. */
function firstWorkers({ groups }: ClusterPlan): Group[] {
  let next = 0;
  return groups.map(({ name, workers }) => ({
    name,
    ordinals: new Set(Array.from({ length: workers }, () => next++)),
    leaving: new Set<number>(),
  }));
}

/** All warnings in one condition: its type is a key, so a second one would replace the first. */
function warned({ warnings }: Extract<Plan, { ok: true }>): ConditionChange[] {
  const [first] = warnings;
  if (first === undefined) return [];
  const message = warnings.map((each) => each.message).join(' ');
  return [{ type: 'ExecutorArguments', status: 'True', reason: first.reason, message }];
}

/** Commits that the flow runs: its container does, and a cluster of ours has answered and has a worker if any is wanted. */
export function markRunning(observed: Observed, attempt: Attempt): Decision | undefined {
  const { children, scheduler, status, now } = observed;
  if (attempt.runningTime !== undefined || children.flow.state !== 'running') return undefined;
  const wanted = status.cluster?.workers?.desired ?? 0;
  if (status.cluster !== undefined && (scheduler.kind !== 'heard' || (wanted > 0 && scheduler.workers === 0)))
    return undefined;
  // It stays as it is while the cluster goes on changing, so it tells of the beginning.
  const message =
    status.cluster === undefined
      ? 'The flow is running.'
      : `The flow began with ${scheduler.kind === 'heard' ? scheduler.workers : 0} of ${wanted} workers.`;
  return commit(observed, {
    why: 'the flow runs',
    attempt: { runningTime: formatTime(now) },
    fields: { reason: 'Running', message, ...numbers(observed) },
    conditions: [{ type: 'Running', status: 'True', reason: 'Running', message }],
    events: [normal('Running', message)],
  });
}

/** Commits the suspension once nothing of the last attempt lives. The active deadline starts anew on resume. */
export function markSuspended(observed: Observed): Decision | undefined {
  if (isTrue(observed.status.conditions, 'Suspended')) return undefined;
  const message = 'The run is suspended; set spec.suspend to false to go on with a new attempt.';
  const waited = outOfLine(observed, 'Suspended', message);
  const { startTime: _anchor, ...status } = waited.observed.status;
  return commit(
    { ...observed, status },
    {
      why: 'suspended',
      fields: { reason: 'Suspended', message },
      conditions: [...waited.conditions, { type: 'Suspended', status: 'True', reason: 'Suspended', message }],
      events: [normal('Suspended', message)],
    },
  );
}
