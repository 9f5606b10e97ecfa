import type { Attempt } from '../api/attempt.ts';
import type { Decision } from './decision.ts';
import { departed } from './departures.ts';
import { warning } from './end.ts';
import type { Observed, PodState } from './observed.ts';
import { withLost } from './lost-workers.ts';
import { groupsOf, leavingOrdinals, wantedOrdinals, withGroups } from './groups.ts';
import { formatTime } from './time.ts';
import { commit } from './transition.ts';

/** Workers that may fail before any has joined, until the attempt is given up: then it is the image, not bad luck. */
const EARLY_FAILURES = 3;

/** Failures in all, as a multiple of the workers wanted, after which replacing them is pointless. */
const FAILURES_PER_WORKER = 10;

/**
 * Commits the loss of workers whose pods ended or are being deleted by somebody: they are counted, and others with
 * new ordinals take their places. In the same commit those go that were to leave and have left: nobody takes their
 * places, and nothing is counted. It comes before their pods are deleted, so that none is counted twice.
 */
export function replaceDeadWorkers(observed: Observed, attempt: Attempt): Decision | undefined {
  const wanted = wantedOrdinals(observed.status);
  const leaving = leavingOrdinals(observed.status);
  const left = departed(observed);
  const dead = [...observed.children.workers].filter(
    ([ordinal, pod]) => wanted.has(ordinal) && !leaving.has(ordinal) && isDead(pod),
  );
  const workers = observed.status.cluster?.workers;
  if (dead.length + left.size === 0 || workers === undefined) return undefined;

  const failed = dead.filter(([, pod]) => pod.state === 'finished' && pod.exitCode !== 0);
  const failures = (workers.failures ?? 0) + failed.length;
  const joined = observed.scheduler.kind === 'heard' && observed.scheduler.workers > 0;
  const early = attempt.runningTime === undefined && !joined;
  const hopeless =
    failed.length > 0 &&
    failures >= (early ? EARLY_FAILURES : FAILURES_PER_WORKER * Math.max(2, workers.desired ?? 1));
  if (hopeless) {
    return commit(observed, {
      why: 'workers keep failing',
      fields: { cluster: { ...observed.status.cluster, workers: { ...workers, failures } } },
      attempt: { stop: { ...describe(failed[0]?.[1], failures), time: formatTime(observed.now) } },
    });
  }

  let allocated = workers.allocated ?? 0;
  const groups = groupsOf(observed.status);
  for (const [ordinal] of dead) {
    const group = groups.find(({ ordinals }) => ordinals.delete(ordinal));
    group?.ordinals.add(allocated++);
  }
  for (const group of groups) {
    for (const ordinal of left) {
      group.ordinals.delete(ordinal);
      group.leaving.delete(ordinal);
    }
  }
  const gone = dead.map(([, pod]) => pod);
  const lostOf = gone.length === 0 ? {} : { lost: withLost(workers.lost, gone) };
  return commit(observed, {
    why: [
      ...(dead.length > 0 ? [`replace ${dead.length} lost workers`] : []),
      ...(left.size > 0 ? [`${left.size} workers have left`] : []),
    ].join(', '),
    fields: {
      cluster: withGroups(
        { ...observed.status.cluster, workers: { ...workers, failures, allocated, ...lostOf } },
        groups,
      ),
    },
    events: dead.length === 0 ? [] : [lost(gone)],
  });
}

function lost(pods: readonly PodState[]) {
  return warning('WorkerLost', `${pods.map(lossOf).slice(0, 3).join(' ')} Replaced.`);
}

function isDead(pod: PodState): boolean {
  return pod.state === 'finished' || (pod.state !== 'absent' && pod.terminating);
}

function lossOf(pod: PodState): string {
  if (pod.state === 'absent') return '';
  if (pod.state !== 'finished') return `Worker ${pod.name} is being deleted.`;
  const why = pod.oomKilled
    ? 'was killed for lack of memory'
    : `ended with code ${pod.exitCode ?? 'unknown'}`;
  return `Worker ${pod.name} ${why}${pod.reason === undefined ? '' : ` (${pod.reason})`}.`;
}

function describe(
  pod: PodState | undefined,
  failures: number,
): { reason: 'WorkersFailed' | 'WorkersOutOfMemory'; message: string } {
  const text = pod === undefined ? '' : lossOf(pod);
  if (pod?.state === 'finished' && pod.oomKilled) {
    return {
      reason: 'WorkersOutOfMemory',
      message: `${failures} workers failed. ${text} Raise clusterKwargs.memory_limit.`,
    };
  }
  const said = pod?.state === 'finished' ? pod.message.trim().slice(-1000) : '';
  return {
    reason: 'WorkersFailed',
    message: `${failures} workers failed before the cluster could work. ${text}${said === '' ? '' : ` It said: ${said}`} Check the image and worker_command.`,
  };
}
