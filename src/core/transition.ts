import { type Condition, type ConditionType, isTrue, setCondition } from '../api/conditions.ts';
import type { Attempt } from '../api/attempt.ts';
import type { FlowRunStatus } from '../api/status.ts';
import { currentAttempt, isOver } from './attempt.ts';
import type { Decision, EventNote } from './decision.ts';
import type { Observed } from './observed.ts';
import type { ForeignReason, Reason } from './reasons/reason.ts';
import { formatTime } from './time.ts';

/** Attempts kept in the status: enough to see a pattern, few enough to bound the object. */
const ATTEMPTS_KEPT = 10;

export type ConditionChange = Pick<Condition, 'status' | 'message'> & {
  type: ConditionType;
  reason: Reason | ForeignReason;
};

/** The changes of one commit, by name; what is absent stays. */
export interface Change {
  why: string;
  fields?: Partial<FlowRunStatus>;
  /** Of the current attempt. */
  attempt?: Partial<Attempt>;
  conditions?: ConditionChange[];
  events?: EventNote[];
  progress?: boolean;
  usesAnswer?: boolean;
}

/** One status write: the old status with the change applied and the derived fields (phase, observedGeneration) made true. */
export function commit({ status, run, now }: Observed, change: Change): Decision {
  const time = formatTime(now);
  let next: FlowRunStatus = { ...status, ...change.fields, observedGeneration: run.generation };
  if (change.attempt !== undefined) {
    next.attempts = (next.attempts ?? []).map((each) =>
      each.number === next.attempt ? { ...each, ...change.attempt } : each,
    );
  }
  next.attempts = next.attempts?.slice(-ATTEMPTS_KEPT);
  for (const condition of change.conditions ?? []) {
    next.conditions = setCondition(next.conditions, {
      ...condition,
      observedGeneration: run.generation,
      lastTransitionTime: time,
    });
  }
  next = { ...next, phase: phaseOf(next) };
  return {
    kind: 'commit',
    status: next,
    progress: change.progress ?? false,
    usesAnswer: change.usesAnswer ?? false,
    events: change.events ?? [],
    why: change.why,
  };
}

/** The phase is a summary for people; conditions are the authority. */
export function phaseOf(status: FlowRunStatus): NonNullable<FlowRunStatus['phase']> {
  const is = (type: string) =>
    status.conditions?.find((each) => each.type === type && each.status === 'True');
  if (isOver(status)) {
    if (is('Complete')) return 'Succeeded';
    return is('Failed')?.reason === 'Cancelled' ? 'Cancelled' : 'Failed';
  }
  if (status.queue !== undefined) return 'Pending';
  const attempt = currentAttempt(status);
  if (attempt === undefined) return is('Suspended') ? 'Suspended' : 'Pending';
  if (attempt.endTime === undefined) {
    if (attempt.stop !== undefined) return 'Stopping';
    return is('Running') ? 'Running' : 'Starting';
  }
  if (is('Suspended')) return 'Suspended';
  return attempt.retryAt === undefined ? 'Stopping' : 'Retrying';
}

/** What a run that was suspended says once it goes on, in line or with an attempt. */
export function resumed({ conditions }: FlowRunStatus): ConditionChange[] {
  return isTrue(conditions, 'Suspended')
    ? [{ type: 'Suspended', status: 'False', reason: 'Resumed', message: 'The run was resumed.' }]
    : [];
}
