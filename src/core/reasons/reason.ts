import { z } from 'zod';
import { CONDITIONS, type ConditionReason } from './conditions.ts';
import { COURSE } from './course.ts';
import { OPERATOR_ENDS, type OperatorEnd } from './ends.ts';
import { EVENTS } from './events.ts';
import { LAUNCHER_ENDS } from './launcher.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

/** Every reason that the operator's own words can be. The launcher's are in the same lists and come as `ForeignReason`. */
export type Reason = OperatorEnd | Refusal | ConditionReason | keyof typeof COURSE | keyof typeof EVENTS;

/** A reason that somebody else named: the launcher's report, Kubernetes, or an earlier status. No list can bind it. */
export type ForeignReason = z.infer<typeof foreignReason>;

const foreignReason = z.string().brand<'ForeignReason'>();

export function foreign(reason: string): ForeignReason {
  return foreignReason.parse(reason);
}

const ENDS = [...Object.keys(OPERATOR_ENDS), ...Object.keys(LAUNCHER_ENDS)];
const STOPPED = [...ENDS, ...Object.keys(COURSE), ...Object.keys(REFUSALS)];

/** The documented reasons of a condition with this status; what Kubernetes may add is not among them. */
export function reasonsOf(type: string, status: string): string[] {
  const own: Partial<Record<string, Partial<Record<string, object>>>> = CONDITIONS;
  return [...Object.keys(own[type]?.[status] ?? {}), ...(SHARED[`${type}=${status}`] ?? [])];
}

/** Conditions that repeat the end or the course of a run. */
const SHARED: Partial<Record<string, readonly string[]>> = {
  'Accepted=False': Object.keys(REFUSALS),
  'Running=True': ['Running'],
  'Running=False': STOPPED,
  'Complete=True': ['Succeeded'],
  'Failed=True': ENDS.filter((reason) => reason !== 'Succeeded' && reason !== 'Suspended'),
  'Suspended=True': ['Suspended'],
};

/** The documented reasons of events. */
export function reasonsOfEvents(): string[] {
  return [
    ...STOPPED,
    ...Object.keys(EVENTS),
    ...reasonsOf('ExecutorArguments', 'True'),
    ...reasonsOf('Scaling', 'False'),
    ...reasonsOf('WorkersPending', 'True'),
    ...reasonsOf('UnsatisfiableResources', 'True'),
  ];
}
