import type { Attempt } from '../api/attempt.ts';
import type { FlowRunStatus } from '../api/status.ts';
import { isTrue } from '../api/conditions.ts';
import type { Children, Observed, PodState } from './observed.ts';
import { parseTime } from './time.ts';

/** The attempt that `status.attempt` names; undefined before the first. */
export function currentAttempt(status: FlowRunStatus): Attempt | undefined {
  return status.attempts?.find((each) => each.number === status.attempt);
}

/** A terminal condition is True: the outcome is final. */
export function isOver(status: FlowRunStatus): boolean {
  return isTrue(status.conditions, 'Complete') || isTrue(status.conditions, 'Failed');
}

/** When the run's active deadline passes, in ms since the epoch; undefined without one or before the first attempt. */
export function activeDeadline({ run, status }: Observed): number | undefined {
  if (run.activeDeadlineSeconds === undefined || status.startTime === undefined) return undefined;
  return parseTime(status.startTime) + run.activeDeadlineSeconds * 1000;
}

export function startDeadline({ run }: Observed, attempt: Attempt): number {
  return parseTime(attempt.startTime) + run.startDeadlineSeconds * 1000;
}

/** The pod may still be running something. A finished pod is not; nor is one long past its grace on a node that does not answer. */
export function isLive(pod: PodState, now: number): boolean {
  return (
    (pod.state === 'pending' || pod.state === 'running') && (pod.goneAt === undefined || now < pod.goneAt)
  );
}

export function clusterPods(children: Children): PodState[] {
  return [children.scheduler, ...children.workers.values()];
}

/** The earliest of the times that are defined. */
export function earliest(...times: (number | undefined)[]): number | undefined {
  const defined = times.filter((time) => time !== undefined);
  return defined.length === 0 ? undefined : Math.min(...defined);
}
