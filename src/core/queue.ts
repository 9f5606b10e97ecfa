import type { Place } from './admission.ts';
import type { Decision } from './decision.ts';
import type { Observed } from './observed.ts';
import type { ForeignReason, Reason } from './reasons/reason.ts';
import { type ConditionChange, commit, resumed } from './transition.ts';

/**
 * Whether a place is worth a write, given the one that the status shows: only once it has halved. Each of n waiting runs
 * is so written log2(n) times at most, where showing every step would take n²/2 writes for all of them together.
 */
export function worthShowing(place: Place, shown: { position: number } | undefined): boolean {
  return shown === undefined || place.position * 2 <= shown.position;
}

/** Commits that the run waits for a slot, and where in line; undefined while the status says so well enough. */
export function waitInLine(observed: Observed, place: Place): Decision | undefined {
  const { status, run } = observed;
  if (!worthShowing(place, status.queue)) return undefined;
  const message = `Waits for a slot: ${lineOf(place, run.namespace)}.`;
  const joins = status.queue === undefined;
  return commit(observed, {
    why: 'waits for a slot',
    fields: { reason: 'Queued', message, queue: place },
    conditions: [{ type: 'Running', status: 'False', reason: 'Queued', message }, ...resumed(status)],
    events: joins ? [{ type: 'Normal', reason: 'Queued', note: message }] : [],
    progress: !joins,
  });
}

/** The same run without a place in line, and what its conditions then say; nothing changes for one that did not wait. */
export function outOfLine(
  observed: Observed,
  reason: Reason | ForeignReason,
  message: string,
): { observed: Observed; conditions: ConditionChange[] } {
  const { queue, ...status } = observed.status;
  if (queue === undefined) return { observed, conditions: [] };
  return {
    observed: { ...observed, status },
    conditions: [{ type: 'Running', status: 'False', reason, message }],
  };
}

/** `3rd of 7 waiting; limit 5 runs in namespace etl`. */
export function lineOf({ position, waiting, limit, scope }: Place, namespace: string): string {
  const where = scope === 'Namespace' ? `in namespace ${namespace}` : 'in all namespaces together';
  return `${nth(position)} of ${waiting} waiting; limit ${limit} ${limit === 1 ? 'run' : 'runs'} ${where}`;
}

function nth(position: number): string {
  const teen = position % 100 >= 11 && position % 100 <= 13;
  return `${position}${(!teen && ['', 'st', 'nd', 'rd'][position % 10]) || 'th'}`;
}
