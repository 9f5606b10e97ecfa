import type { FlowRunStatus } from '../api/status.ts';
import { told } from './adaptive.ts';
import type { Decision } from './decision.ts';
import { normal } from './end.ts';
import { wantedOrdinals } from './groups.ts';
import { liveConditions } from './live-conditions.ts';
import type { Observed } from './observed.ts';
import type { Scaling } from './scaling-input.ts';
import { commit } from './transition.ts';
import { sortedText } from './sorted-text.ts';

/** Commits what only people read, when it has changed: numbers, and how the cluster fares. The writer may drop or delay it. */
export function progress(observed: Observed, scaling?: Scaling): Decision | undefined {
  const { status } = observed;
  const fields = numbers(observed);
  if (fields === undefined) return undefined;
  const { cluster, tasks = status.tasks } = fields;
  const seen = scaling === undefined ? status.scaling : told(observed, scaling);
  const { conditions, events } = liveConditions(observed, scaling);
  if (
    cluster.workers.ready === status.cluster?.workers?.ready &&
    sameNumbers(tasks, status.tasks) &&
    sameNumbers(scalingNumbers(seen), scalingNumbers(status.scaling)) &&
    conditions.length === 0
  ) {
    return undefined;
  }
  return commit(observed, {
    why: 'progress',
    progress: true,
    fields: { ...fields, ...(seen === undefined ? {} : { scaling: seen }) },
    conditions,
    events: [...events, ...wouldScale(observed, scaling)],
  });
}

/** The status fields of workers and tasks as they are seen now; undefined without a cluster of ours. */
export function numbers({ status, children, scheduler }: Observed) {
  const { cluster } = status;
  if (cluster?.workers === undefined) return undefined;
  const wanted = wantedOrdinals(status);
  const running = [...children.workers].filter(
    ([ordinal, pod]) => wanted.has(ordinal) && pod.state === 'running',
  ).length;
  const ready =
    scheduler.kind === 'heard'
      ? Math.min(scheduler.workers, wanted.size)
      : Math.min(running, cluster.workers.ready ?? 0);
  const counted =
    scheduler.kind === 'heard' &&
    scheduler.tasks.total + scheduler.tasks.finished + scheduler.tasks.failed > 0;
  return {
    cluster: { ...cluster, workers: { ...cluster.workers, ready } },
    ...(counted ? { tasks: { ...status.tasks, ...scheduler.tasks } } : {}),
  };
}

/** In a dry run the size that scaling would choose is told when it changes. */
function wouldScale({ status, plan }: Observed, scaling: Scaling | undefined) {
  if (scaling === undefined || !plan.ok || plan.cluster?.adapt?.dryRun !== true) return [];
  const desired = [...scaling.desired.values()].reduce((sum, count) => sum + count, 0);
  const present = status.cluster?.workers?.desired ?? 0;
  if (desired === (status.scaling?.desired ?? present)) return [];
  return [normal('WouldScale', `Dry run: from ${present} to ${desired} workers: ${scaling.why}`)];
}

function scalingNumbers(scaling: FlowRunStatus['scaling']): object {
  const { target, desired, queued, processing, unrunnable } = scaling ?? {};
  return { target, desired, queued, processing, unrunnable };
}

function sameNumbers(one: object | undefined, other: object | undefined): boolean {
  return sortedText(one) === sortedText(other);
}
