import { leavingOrdinals, wantedOrdinals } from './groups.ts';
import type { Observed, PodState } from './observed.ts';

/**
 * Workers that the scheduler is asked to let go: those that are being retired, and pods that shall not exist. A pod is
 * asked for until it is gone, also before it has joined, and while it is being deleted: until its process ends, which may
 * take seconds, it may join, and would lose the work that it was given.
 */
export function toLeave({ status, children }: Observed): Set<number> {
  const wanted = wantedOrdinals(status);
  const surplus = [...children.workers].filter(([ordinal, pod]) => !wanted.has(ordinal) && isAlive(pod));
  return new Set([...leavingOrdinals(status), ...surplus.map(([ordinal]) => ordinal)]);
}

/** Leaving workers of which nothing is left that could work. */
export function departed(observed: Observed): Set<number> {
  const { children, now } = observed;
  return new Set(
    [...leavingOrdinals(observed.status)].filter((ordinal) => {
      const pod = children.workers.get(ordinal) ?? { state: 'absent' };
      if (!isAlive(pod) || (pod.goneAt !== undefined && now >= pod.goneAt)) return true;
      return pod.terminating && isReleased(observed, ordinal);
    }),
  );
}

/** Pods to delete: finished ones that shall not exist, and those that the scheduler has let go or will never let work. */
export function deletable(observed: Observed): { ordinal: number; name: string; uid: string }[] {
  const wanted = wantedOrdinals(observed.status);
  const leaving = leavingOrdinals(observed.status);
  return [...observed.children.workers].flatMap(([ordinal, pod]) => {
    if (pod.state === 'absent' || pod.terminating) return [];
    if (wanted.has(ordinal) && !leaving.has(ordinal)) return [];
    const safe = isAlive(pod) ? isReleased(observed, ordinal) : !wanted.has(ordinal);
    return safe ? [{ ordinal, name: pod.name, uid: pod.uid }] : [];
  });
}

function isAlive(pod: PodState): pod is Extract<PodState, { state: 'pending' | 'running' }> {
  return pod.state === 'pending' || pod.state === 'running';
}

/** The scheduler knows that it shall leave, and it has retired or has not joined: whatever happens, it gets no work. */
function isReleased({ scheduler }: Observed, ordinal: number): boolean {
  if (scheduler.kind !== 'heard' || !scheduler.ordered.has(ordinal)) return false;
  const newest = scheduler.window.at(-1);
  if (newest === undefined) return false;
  const worker = newest.workers.get(ordinal);
  return worker === undefined || worker.drain === 'retired';
}
