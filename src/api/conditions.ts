import { z } from 'zod';

import { time } from './schema.ts';

/** Conditions the operator sets. `Complete` and `Failed` are final once True. */
export type ConditionType =
  | 'Accepted'
  | 'Running'
  | 'Complete'
  | 'Failed'
  | 'CleanedUp'
  | 'Suspended'
  | 'ClusterUnused'
  | 'VersionMismatch'
  | 'ExecutorArguments'
  | 'Scaling'
  | 'WorkersPending'
  | 'UnsatisfiableResources';

/** As `metav1.Condition`. */
export const condition = z.strictObject({
  type: z.string().min(1).max(316).describe('Which condition, in CamelCase.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z.int().min(0).describe('The generation of the spec it was judged from.').optional(),
  lastTransitionTime: time().describe('When the status last changed.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, in one CamelCase word.'),
  message: z.string().max(32768).describe('Why, in a sentence, and what to do.'),
});

export type Condition = z.infer<typeof condition>;

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((candidate) => candidate.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * The list with this condition in it; the list itself is left alone.
 * `lastTransitionTime` of an existing condition stays unless its status changes.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition & { type: ConditionType },
): Condition[] {
  const existing = findCondition(conditions, next.type);
  if (existing === undefined) return [...(conditions ?? []), next];
  const lastTransitionTime =
    existing.status === next.status ? existing.lastTransitionTime : next.lastTransitionTime;
  return (conditions ?? []).map((candidate) =>
    candidate === existing ? { ...next, lastTransitionTime } : candidate,
  );
}
