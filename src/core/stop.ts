import type { Attempt } from '../api/attempt.ts';
import { isTrue } from '../api/conditions.ts';
import { tryAgain } from './end.ts';
import { activeDeadline, clusterPods, startDeadline } from './attempt.ts';
import type { Observed, PodState } from './observed.ts';
import type { OperatorEnd } from './reasons/ends.ts';
import { AS_ROOT, IMAGE_WAITING } from './reasons/kubernetes.ts';

/** Why a running attempt shall be stopped. */
export interface Stop {
  reason: OperatorEnd;
  message: string;
}

/** A run that is past its active deadline, in an attempt or between two. */
export function tookTooLong({ activeDeadlineSeconds }: Observed['run']): Stop {
  return {
    reason: 'DeadlineExceeded',
    message: `The run took longer than spec.activeDeadlineSeconds (${activeDeadlineSeconds} s). Raise it if the run may take longer.`,
  };
}

/** The reason to stop this attempt that weighs most: cancel, deadline, suspend, then trouble of the cluster. */
export function wantedStop(observed: Observed, attempt: Attempt): Stop | undefined {
  const { run, now } = observed;
  if (run.cancel) return { reason: 'Cancelled', message: 'The run was cancelled by spec.cancel.' };
  const deadline = activeDeadline(observed);
  if (deadline !== undefined && now >= deadline) {
    return tookTooLong(run);
  }
  if (run.suspend)
    return {
      reason: 'Suspended',
      message: 'The run was suspended by spec.suspend; it resumes as a new attempt.',
    };
  if (observed.refusal !== undefined) return { reason: 'PodRefused', message: observed.refusal };
  return fatalProblem(observed) ?? schedulerTrouble(observed) ?? lateStart(observed, attempt);
}

function fatalProblem({ children }: Observed): Stop | undefined {
  for (const pod of [children.flow, ...clusterPods(children)]) {
    if (pod.state !== 'pending' || !pod.problem?.fatal) continue;
    const { reason, message } = pod.problem;
    const advice = AS_ROOT.test(message)
      ? 'Give the image a user that is a number and not 0, or write one into spec.flow.securityContext: {runAsUser: 1000}; where root is allowed, {runAsNonRoot: false} lets it be root.'
      : 'Check spec.flow.image and clusterKwargs.image.';
    return {
      reason: 'ImageUnusable',
      message: `Pod ${pod.name} cannot start: ${reason}: ${message}. ${advice}`,
    };
  }
  return undefined;
}

/** A scheduler that exits 0 under a live flow was closed on purpose: the launcher's outcome decides then. */
function schedulerTrouble(observed: Observed): Stop | undefined {
  const { children, status } = observed;
  const { scheduler } = children;
  if (scheduler.state === 'finished' && scheduler.exitCode !== 0) {
    if (scheduler.oomKilled) {
      return {
        reason: 'SchedulerOutOfMemory',
        message:
          'The Dask scheduler needed more memory than its container may use. Raise clusterKwargs.scheduler_resources.limits.memory.',
      };
    }
    const said = scheduler.message.trim().slice(-1000);
    return {
      reason: 'SchedulerFailed',
      message: `The Dask scheduler ended with code ${scheduler.exitCode ?? 'unknown'}${scheduler.reason === undefined ? '' : ` (${scheduler.reason})`}.${said === '' ? ' Check its image, or set spec.retry.limit if its pod was taken away.' : ` It said: ${said}`}`,
    };
  }
  const seen = isTrue(status.conditions, 'Running') && status.cluster !== undefined;
  if (seen && (scheduler.state === 'absent' || (scheduler.state !== 'finished' && scheduler.terminating))) {
    return {
      reason: 'SchedulerLost',
      message: `The pod of the Dask scheduler was deleted while the flow ran.${tryAgain(observed)}`,
    };
  }
  return undefined;
}

function lateStart(observed: Observed, attempt: Attempt): Stop | undefined {
  if (attempt.runningTime !== undefined || observed.now < startDeadline(observed, attempt)) return undefined;
  const { children, scheduler, run } = observed;
  const pods = [children.flow, ...clusterPods(children)];
  const stuck = pods.find((pod) => pod.state === 'pending' && pod.problem !== undefined);
  const late = `The run did not start within ${run.startDeadlineSeconds} s (spec.startDeadlineSeconds).`;
  if (stuck?.state === 'pending' && stuck.problem !== undefined) {
    const advice = IMAGE_WAITING.has(stuck.problem.reason)
      ? ' Check that the image exists and that the cluster may pull it (spec.flow.imagePullSecrets).'
      : adviceFor(stuck);
    return {
      reason: IMAGE_WAITING.has(stuck.problem.reason) ? 'ImageUnusable' : 'StartDeadlineExceeded',
      message: `${late} Pod ${stuck.name}: ${stuck.problem.reason}: ${stuck.problem.message}${advice}`,
    };
  }
  const empty = pods.find((pod) => pod.state === 'pending' && pod.node !== undefined);
  if (empty?.state === 'pending') {
    return {
      reason: 'StartDeadlineExceeded',
      message: `${late} Pod ${empty.name} is on node ${empty.node}, but its container is not there: its image is still being fetched, or a volume is missing (a ConfigMap, Secret or PersistentVolumeClaim); \`kubectl describe pod ${empty.name}\` says which.`,
    };
  }
  const silent =
    scheduler.kind === 'silent' ? ` The Dask scheduler has not answered: ${scheduler.cause}.` : '';
  const none =
    scheduler.kind === 'heard' && scheduler.workers === 0 ? ' No worker has joined the Dask scheduler.' : '';
  return {
    reason: 'StartDeadlineExceeded',
    message: `${late}${silent}${none} Raise the deadline, or set spec.cleanup.clusterAfterFailureSeconds to look at the pods and their logs.`,
  };
}

function adviceFor(pod: Extract<PodState, { state: 'pending' | 'running' }>): string {
  return pod.problem?.reason === 'Unschedulable' ? ' Ask for fewer resources or add nodes.' : '';
}
