import type { SeenEvent, SeenRun } from './seen.ts';
import { seconds } from './view.ts';

/** Why a run is where it is, what it waits for, and what happens next; each a sentence or two. */
export interface Explanation {
  where: string;
  waitsFor: string;
  next: string;
  /** What else the conditions say that is worth knowing. */
  notes: string[];
}

/** `now`: milliseconds since 1970. Knows only what a user may read: the FlowRun itself. */
export function explain(run: SeenRun, now: number): Explanation {
  const { spec, status } = run;
  const phase = status.phase ?? 'Pending';
  const attempt = (status.attempt ?? 0) > 1 ? `, attempt ${status.attempt}` : '';
  const where = `${phase}${attempt}. ${status.message ?? ''}`.trim();
  return { where, ...outlook(run, phase, now), notes: notesOf(status.conditions, spec.managedBy) };
}

type Outlook = Pick<Explanation, 'waitsFor' | 'next'>;

function outlook(run: SeenRun, phase: string, now: number): Outlook {
  const { spec, status } = run;
  if (spec.managedBy !== undefined && spec.managedBy !== 'flowrun.dev/operator')
    return {
      waitsFor: `The controller ${spec.managedBy} (spec.managedBy).`,
      next: 'The FlowRun operator leaves this run alone.',
    };
  const is = (type: string, value: string) =>
    status.conditions.some((each) => each.type === type && each.status === value);
  if (is('Complete', 'True') || is('Failed', 'True')) return afterTheEnd(run, is('CleanedUp', 'True'), now);
  if (is('Accepted', 'False') && phase === 'Pending')
    return {
      waitsFor: 'A spec that can be run.',
      next: 'Correct what the message says and apply it again; the run then begins by itself.',
    };
  switch (phase) {
    case 'Pending':
      return pending(run);
    case 'Suspended':
      return {
        waitsFor: 'spec.suspend to be false.',
        next: 'Resumed, it begins a new attempt, which counts as no retry. Until then its spec may be changed.',
      };
    case 'Starting':
      return {
        waitsFor: 'Its pods: the flow has to run, and with a cluster a first worker has to join.',
        next: `It is Running then. ${late(run, now)}`,
      };
    case 'Running':
      return { waitsFor: 'The flow to end.', next: `${after(run)}${deadline(run, now)}` };
    case 'Retrying': {
      const { retryAt } = status.attempts.at(-1) ?? {};
      const left = retryAt === undefined ? undefined : retryAt - now;
      return {
        waitsFor:
          left === undefined || left <= 0
            ? 'The pods of the last attempt to go.'
            : `The back-off, ${seconds(left)} more.`,
        next: `Attempt ${(status.attempt ?? 0) + 1} begins, with a new cluster: retry ${status.retries ?? 0} of ${spec.retry?.limit ?? 0}.${deadline(run, now)}`,
      };
    }
    case 'Stopping':
      return {
        waitsFor: 'The flow to use its grace period, and the pods to go.',
        next: spec.cancel
          ? 'The run ends as Cancelled.'
          : spec.suspend
            ? 'The run is Suspended then.'
            : after(run),
      };
    default:
      return { waitsFor: 'Nothing this command knows.', next: 'A newer `flowrun` may tell more.' };
  }
}

function pending({ status, spec }: SeenRun): Outlook {
  const { queue } = status;
  if (queue !== undefined)
    return {
      waitsFor: `A slot. It stood at place ${queue.position} of ${queue.waiting} when that was written, which is each time it has halved.`,
      next: 'It begins once enough of the runs before it are cleaned up. Time in line counts against no deadline.',
    };
  if (spec.cancel) return { waitsFor: 'The operator.', next: 'The run ends as Cancelled.' };
  return {
    waitsFor: 'The operator to look at it, which takes less than a second while one is there.',
    next: 'If this lasts, check that the operator runs and serves this namespace: `kubectl get pods -A -l app.kubernetes.io/name=flowrun-operator`.',
  };
}

function afterTheEnd({ spec, status, metadata }: SeenRun, cleaned: boolean, now: number): Outlook {
  if (!cleaned) {
    const kept = (spec.cleanup?.clusterAfterFailureSeconds ?? 0) * 1000;
    const left = status.phase === 'Failed' ? (status.completionTime ?? now) + kept - now : 0;
    return left > 0
      ? {
          waitsFor: `You: the cluster is kept for a look, ${seconds(left)} more (spec.cleanup.clusterAfterFailureSeconds).`,
          next: 'The cluster is taken away; the finished flow pod stays with its log.',
        }
      : { waitsFor: 'The pods to go.', next: 'Only the finished flow pod is left then, with its log.' };
  }
  const ttl = spec.ttlSecondsAfterFinished;
  const log = `\`kubectl logs -n ${metadata.namespace} -l flowrun.dev/name=${metadata.name},flowrun.dev/role=flow\` shows its log.`;
  if (ttl === undefined)
    return {
      waitsFor: 'Nothing: it is over, and cleaned up.',
      next: `It stays until somebody deletes it. ${log}`,
    };
  const left = Math.max(0, (status.completionTime ?? now) + ttl * 1000 - now);
  return {
    waitsFor: 'Nothing: it is over, and cleaned up.',
    next: `It and its log are deleted in ${seconds(left)} (spec.ttlSecondsAfterFinished). ${log}`,
  };
}

function after({ spec, status }: SeenRun): string {
  const left = (spec.retry?.limit ?? 0) - (status.retries ?? 0);
  if (left <= 0) return 'Its end is that of the run: no retry is left.';
  const kinds = spec.retry?.when === 'Any' ? 'whatever fails' : 'what the cluster spoils';
  return `A success ends the run; ${kinds} is tried again, ${left} more ${left === 1 ? 'time' : 'times'}.`;
}

function deadline({ spec, status }: SeenRun, now: number): string {
  if (spec.activeDeadlineSeconds === undefined || status.startTime === undefined) return '';
  const left = status.startTime + spec.activeDeadlineSeconds * 1000 - now;
  return ` It fails as DeadlineExceeded in ${seconds(Math.max(0, left))} (spec.activeDeadlineSeconds).`;
}

function late({ spec, status }: SeenRun, now: number): string {
  const { startTime } = status.attempts.at(-1) ?? {};
  if (spec.startDeadlineSeconds === undefined || startTime === undefined)
    return 'If it takes longer than the start deadline of the operator, it fails and says which pod is in the way.';
  const left = startTime + spec.startDeadlineSeconds * 1000 - now;
  return `If not within ${seconds(Math.max(0, left))} (spec.startDeadlineSeconds), it fails and says which pod is in the way.`;
}

/** Conditions that are as they should be while nothing is wrong, and those that the rest tells already. */
const USUAL = new Set(['Accepted', 'Running', 'Complete', 'Failed', 'CleanedUp', 'Suspended']);

function notesOf(conditions: SeenRun['status']['conditions'], managedBy: string | undefined): string[] {
  if (managedBy !== undefined && managedBy !== 'flowrun.dev/operator') return [];
  return conditions
    .filter(({ type, status }) => !USUAL.has(type) && status === (type === 'Scaling' ? 'False' : 'True'))
    .map(({ type, reason, message }) => `${type} (${reason ?? 'no reason'}): ${message ?? ''}`);
}

/** As lines for a terminal or a log. */
export function explanationLines(run: SeenRun, events: readonly SeenEvent[], now: number): string[] {
  const { where, waitsFor, next, notes } = explain(run, now);
  const row = (name: string, text: string) => `${name.padEnd(10)}${text}`;
  return [
    `${run.metadata.name} in ${run.metadata.namespace}`,
    row('Where', where),
    row('Waits for', waitsFor),
    row('Next', next),
    ...notes.map((note, index) => row(index === 0 ? 'Also' : '', note)),
    ...events
      .slice(-5)
      .map((event, index) =>
        row(
          index === 0 ? 'Events' : '',
          `${seconds(Math.max(0, now - event.at))} ago  ${event.reason}  ${event.note}`,
        ),
      ),
  ];
}
