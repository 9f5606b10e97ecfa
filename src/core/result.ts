import { z } from 'zod';

import { parse } from '../json.ts';

const reason = z.string().regex(/^[A-Z][A-Za-z0-9]{0,63}$/);

/** The launcher's report: strict JSON of at most 4096 bytes, as termination message and through the scheduler preload. */
export const runResult = z.object({
  version: z.literal(1),
  uid: z.string(),
  attempt: z.int(),
  outcome: z.enum(['Succeeded', 'Failed', 'Cancelled']),
  exitCode: z.int().min(0).max(255),
  class: z.enum(['Flow', 'Spec', 'Infrastructure']).nullable(),
  reason,
  message: z.string().transform((text) => text.slice(0, 4096)),
  value: z.unknown().optional(),
  tasks: z
    .object({
      succeeded: z.int().min(0),
      failed: z.int().min(0),
      failedNames: z
        .array(z.string().transform((name) => name.slice(0, 256)))
        .transform((names) => names.slice(0, 20)),
    })
    .nullish(),
  versions: z.record(z.string(), z.string().nullable()).nullish(),
  conditions: z
    .array(
      z.object({
        type: z.enum(['ExecutorArguments', 'ClusterUnused', 'VersionMismatch']),
        reason,
        message: z.string().transform((text) => text.slice(0, 1024)),
      }),
    )
    .transform((conditions) => conditions.slice(0, 10))
    .nullish(),
});

export type RunResult = z.infer<typeof runResult>;

/** The report of exactly this attempt, or undefined: a report for another run or attempt, or none of ours, is no evidence. */
export function ownResult(value: unknown, uid: string, attempt: number): RunResult | undefined {
  const parsed = runResult.safeParse(value);
  return parsed.success && parsed.data.uid === uid && parsed.data.attempt === attempt
    ? parsed.data
    : undefined;
}

/** The report in a container's termination message. A user's own program may have written anything there. */
export function resultInMessage(message: string, uid: string, attempt: number): RunResult | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    return ownResult(parse(message), uid, attempt);
  } catch {
    return undefined;
  }
}
