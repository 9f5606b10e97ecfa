import type { Attempt } from '../api/attempt.ts';
import type { FlowRunStatus } from '../api/status.ts';
import { findCondition, isTrue } from '../api/conditions.ts';
import type { Decision, EventNote } from './decision.ts';
import type { Observed } from './observed.ts';
import { outOfLine } from './queue.ts';
import { OPERATOR_ENDS, type OperatorEnd } from './reasons/ends.ts';
import { type ForeignReason, type Reason, foreign } from './reasons/reason.ts';
import type { RunResult } from './result.ts';
import { formatTime } from './time.ts';
import { type Change, type ConditionChange, commit } from './transition.ts';

/** Conditions that tell how the cluster fares, and that say nothing once the attempt is over. */
const LIVE_CONDITIONS: ReadonlySet<string> = new Set(['Scaling', 'WorkersPending']);

/** How an attempt ended. `final`: no retry, whatever the policy says. */
export interface Ending {
  outcome: 'Succeeded' | 'Failed' | 'Cancelled' | 'Suspended';
  class: 'Flow' | 'Spec' | 'Infrastructure';
  reason: OperatorEnd | ForeignReason;
  message: string;
  exitCode?: number | undefined;
  result?: RunResult | undefined;
  final: boolean;
}

/** Commits the end of the current attempt, and with it the outcome of the run unless a retry or a resume follows. */
export function endAttempt(observed: Observed, attempt: Attempt, ending: Ending): Decision {
  const retryAt = ending.outcome === 'Failed' ? retryTime(observed, ending) : undefined;
  const over = ending.outcome !== 'Suspended' && retryAt === undefined;
  const change: Change = {
    why: `attempt ${attempt.number} ended: ${ending.reason}`,
    attempt: {
      endTime: formatTime(observed.now),
      outcome: ending.outcome,
      class: ending.class,
      reason: ending.reason,
      message: ending.message,
      ...(ending.exitCode === undefined ? {} : { exitCode: ending.exitCode }),
      ...(retryAt === undefined ? {} : { retryAt: formatTime(retryAt) }),
    },
    fields: { reason: ending.reason, message: ending.message, ...resultFields(observed, ending) },
    conditions: [
      { type: 'Running', status: 'False', reason: ending.reason, message: ending.message },
      ...reported(observed, ending),
    ],
    events: [],
  };
  const ended = { ...observed, status: withoutLive(observed.status) };
  if (over) return commit(ended, finish(ended, change, ending));
  if (retryAt !== undefined) {
    const seconds = Math.max(0, Math.ceil((retryAt - observed.now) / 1000));
    change.fields = { ...change.fields, retries: (observed.status.retries ?? 0) + 1 };
    change.events = [
      warning(
        'Retrying',
        `Attempt ${attempt.number} ended with ${ending.reason}; the next begins in ${seconds} s. ${ending.message}`,
      ),
    ];
  }
  return commit(ended, change);
}

function withoutLive(status: FlowRunStatus): FlowRunStatus {
  return { ...status, conditions: status.conditions?.filter(({ type }) => !LIVE_CONDITIONS.has(type)) };
}

/** Commits the end of a run that has no attempt in progress. */
export function endRun(observed: Observed, ending: Ending): Decision {
  const { reason, message } = ending;
  const waited = outOfLine(observed, reason, message);
  const change = {
    why: `run ended: ${reason}`,
    fields: { reason, message },
    conditions: waited.conditions,
  };
  return commit(waited.observed, finish(observed, change, ending));
}

function finish(observed: Observed, change: Change, ending: Ending): Change {
  const { reason, message } = ending;
  const succeeded = ending.outcome === 'Succeeded';
  const terminal: ConditionChange = {
    type: succeeded ? 'Complete' : 'Failed',
    status: 'True',
    reason,
    message,
  };
  return {
    ...change,
    fields: { ...change.fields, completionTime: formatTime(observed.now) },
    conditions: [...(change.conditions ?? []), ...lifted(observed), terminal],
    events: [succeeded ? normal(reason, message) : warning(reason, message)],
  };
}

/** Suspended ends with the run: a finished run cannot be resumed. */
function lifted({ status }: Observed): ConditionChange[] {
  if (!isTrue(status.conditions, 'Suspended')) return [];
  return [{ type: 'Suspended', status: 'False', reason: 'Finished', message: 'The run is over.' }];
}

/** What the launcher found worth a condition. A type that is there already keeps what it says and gets the rest. */
function reported({ status }: Observed, { result }: Ending): ConditionChange[] {
  const changes = new Map<ConditionChange['type'], ConditionChange>();
  for (const { type, reason, message } of result?.conditions ?? []) {
    const before = changes.get(type) ?? findCondition(status.conditions, type);
    const said = before?.status === 'True' ? before : undefined;
    changes.set(type, {
      type,
      status: 'True',
      reason: foreign(said?.reason ?? reason),
      message:
        said === undefined
          ? message
          : said.message.includes(message)
            ? said.message
            : `${said.message} ${message}`,
    });
  }
  return [...changes.values()];
}

function resultFields(observed: Observed, { reason, message, exitCode, result }: Ending) {
  const tasks = lastTasks(observed, result?.tasks);
  return {
    result: {
      ...(exitCode === undefined ? {} : { exitCode }),
      reason,
      message,
      ...(result?.value === undefined ? {} : { value: result.value }),
    },
    ...(tasks === undefined ? {} : { tasks }),
  };
}

/** Numbers of an attempt that is over: nothing of it waits or runs any more, whatever was seen last. */
function lastTasks({ status, scheduler }: Observed, reported: RunResult['tasks']) {
  const counted = scheduler.kind === 'heard' && scheduler.tasks.total > 0 ? scheduler.tasks : status.tasks;
  if (!counted && !reported) return undefined;
  const last = { ...status.tasks, ...counted, waiting: 0, running: 0 };
  if (!reported) return last;
  // Dask shows a failed Prefect task as done: what the launcher counted is nearer the truth.
  const { succeeded, failed, failedNames } = reported;
  const total = succeeded + failed;
  return { ...last, total, finished: total, succeeded, failed, failedNames };
}

/** When the next attempt may begin, in ms since the epoch; undefined when there is none. */
function retryTime({ run, status, now }: Observed, ending: Ending): number | undefined {
  const used = status.retries ?? 0;
  const wanted = ending.class === 'Infrastructure' || (run.retry.when === 'Any' && ending.class === 'Flow');
  if (ending.final || !wanted || used >= run.retry.limit) return undefined;
  return now + backoffSeconds(run.retry, used, run.uid) * 1000;
}

/**
 * Exponential back-off in seconds, at least half and at most all of `backoffSeconds · 2^used`, never above the maximum.
 * The jitter is a hash of UID and count: the same decision made twice waits for the same time.
 */
export function backoffSeconds(
  retry: { backoffSeconds: number; maxBackoffSeconds: number },
  used: number,
  uid: string,
): number {
  const full = Math.min(retry.maxBackoffSeconds, retry.backoffSeconds * 2 ** Math.min(used, 30));
  return full * (0.5 + 0.5 * unitHash(`${uid}/${used}`));
}

/** FNV-1a, as a number in [0, 1). */
function unitHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash / 2 ** 32;
}

/** A sentence of advice for what another attempt may get past, with a space before it; empty where the spec allows one already. */
export const tryAgain = ({ run }: Observed): string =>
  run.retry.limit > 0 ? '' : ' Set spec.retry.limit to try again in such cases.';

/** An ending that the operator itself declares. */
export function ending(reason: OperatorEnd, message: string, exitCode?: number): Ending {
  const outcome =
    reason === 'Cancelled' || reason === 'Suspended' || reason === 'Succeeded' ? reason : 'Failed';
  const { class: whose, final } = OPERATOR_ENDS[reason];
  return { outcome, reason, message, exitCode, class: whose, final };
}

export const normal = (reason: Reason | ForeignReason, note: string): EventNote => ({
  type: 'Normal',
  reason,
  note,
});
export const warning = (reason: Reason | ForeignReason, note: string): EventNote => ({
  type: 'Warning',
  reason,
  note,
});
