import type { Decision } from './decision.ts';
import type { Observed } from './observed.ts';
import { commit } from './transition.ts';
import { wantedOrdinals } from './groups.ts';

/** Commits the numbers that only people read, when they have changed. The writer may drop or delay it. */
export function progress(observed: Observed): Decision | undefined {
  const { status } = observed;
  const fields = numbers(observed);
  if (fields === undefined) return undefined;
  const { cluster, tasks = status.tasks } = fields;
  if (cluster.workers.ready === status.cluster?.workers?.ready && sameNumbers(tasks, status.tasks))
    return undefined;
  return commit(observed, { why: 'progress', progress: true, fields });
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

function sameNumbers(one: object | undefined, other: object | undefined): boolean {
  return sortedText(one) === sortedText(other);
}

function sortedText(numbers: object = {}): string {
  return JSON.stringify(Object.entries(numbers).sort(([one], [other]) => one.localeCompare(other)));
}
