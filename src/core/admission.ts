import { findCondition, isTrue } from '../api/conditions.ts';
import type { FlowRunStatus } from '../api/status.ts';
import type { Observed } from './observed.ts';

/** How many runs may hold a slot at once; undefined: as many as there are. */
export interface Limits {
  all: number | undefined;
  perNamespace: number | undefined;
}

/** Where a run stands that may not begin yet. */
export type Place = NonNullable<FlowRunStatus['queue']>;

/** What one run is to the others: it holds a slot, waits for one, or wants none. */
export type Claim = 'holds' | 'waits' | 'none';

/**
 * A run holds a slot from the beginning of its first attempt until CleanedUp, back-off between attempts included; a
 * suspended one gives it back with its last pod and waits anew when it is resumed. One whose spec cannot be run keeps
 * nobody waiting.
 */
export function claimOf(
  run: Pick<Observed['run'], 'deleting' | 'managedByOther' | 'suspend' | 'cancel' | 'generation'>,
  status: FlowRunStatus,
): Claim {
  if (run.managedByOther || isTrue(status.conditions, 'CleanedUp')) return 'none';
  if (holdsSlot(status)) return 'holds';
  const ended = isTrue(status.conditions, 'Complete') || isTrue(status.conditions, 'Failed');
  if (ended || run.deleting || run.suspend || run.cancel) return 'none';
  const accepted = findCondition(status.conditions, 'Accepted');
  const refused = accepted?.status === 'False' && accepted.observedGeneration === run.generation;
  return refused ? 'none' : 'waits';
}

export function holdsSlot(status: FlowRunStatus): boolean {
  return (status.attempt ?? 0) > 0 && status.queue === undefined && !isTrue(status.conditions, 'Suspended');
}

export interface Waiting {
  key: string;
  namespace: string;
}

/**
 * The places of those that may not begin yet, by key; whoever waits and is not among them may. `waiting` is in the order in
 * which they shall have their turn. A run that only its namespace's limit holds back takes no turn from another namespace.
 *
 * Two runs that ask one after the other never both get the last slot: each counts whoever is before it.
 */
export function places(
  waiting: readonly Waiting[],
  held: { all: number; inNamespace: ReadonlyMap<string, number> },
  limits: Limits,
): Map<string, Place> {
  let free = (limits.all ?? Infinity) - held.all;
  const taken = new Map(held.inNamespace);
  const lines = new Map<string, Waiting[]>();
  for (const run of waiting) {
    const used = taken.get(run.namespace) ?? 0;
    const full = used >= (limits.perNamespace ?? Infinity);
    if (!full && free > 0) {
      taken.set(run.namespace, used + 1);
      free--;
      continue;
    }
    const line = full ? run.namespace : '';
    const others = lines.get(line);
    if (others === undefined) lines.set(line, [run]);
    else others.push(run);
  }
  const found = new Map<string, Place>();
  for (const [namespace, line] of lines) {
    const scope = namespace === '' ? 'Cluster' : 'Namespace';
    const limit = (scope === 'Cluster' ? limits.all : limits.perNamespace) ?? 0;
    for (const [index, { key }] of line.entries())
      found.set(key, { position: index + 1, waiting: line.length, limit, scope });
  }
  return found;
}
