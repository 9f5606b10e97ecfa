import type { LostWorker } from '../api/status.ts';
import type { PodState } from './observed.ts';
import type { Loss } from './reasons/events.ts';
import { type ForeignReason, foreign } from './reasons/reason.ts';

/** Enough to know the one that Dask names when it gives a task up. */
const KEPT = 5;

/** The list with these pods added: what is known of their ends before they are deleted. */
export function withLost(known: readonly LostWorker[] | undefined, pods: readonly PodState[]): LostWorker[] {
  const added = pods.flatMap((pod) => endOfWorker(pod) ?? []);
  const names = new Set(added.map(({ name }) => name));
  return [...(known ?? []).filter(({ name }) => !names.has(name)), ...added].slice(-KEPT);
}

/** How a worker ended; undefined while its pod lives and nobody deletes it. */
export function endOfWorker(pod: PodState): (LostWorker & { reason: Loss | ForeignReason }) | undefined {
  if (pod.state === 'absent') return undefined;
  const { name } = pod;
  if (pod.state !== 'finished') return pod.terminating ? { name, reason: 'Deleted' } : undefined;
  const exitCode = pod.exitCode === undefined ? {} : { exitCode: pod.exitCode };
  if (pod.oomKilled) return { name, reason: 'OutOfMemory', ...exitCode };
  const taken = pod.reason === undefined ? undefined : foreign(pod.reason);
  return { name, reason: taken ?? (pod.terminating ? 'Deleted' : 'Crashed'), ...exitCode };
}
