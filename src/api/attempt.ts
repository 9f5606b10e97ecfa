import { z } from 'zod';

import { int32, nonEmpty, text, time } from './schema.ts';

/** One start of the flow, with its own pods. */
export const attempt = z.strictObject({
  number: int32(1).describe('Counted from 1; part of the names of its pods.'),
  startTime: time().describe('When its first pod was asked for.'),
  endTime: time().describe('When its end was known.').optional(),
  flowPodUID: nonEmpty(64)
    .describe('UID of its flow pod, once seen: the flow starts at most once per attempt.')
    .optional(),
  runningTime: time().describe('When the flow ran and its cluster answered.').optional(),
  stop: z
    .strictObject({
      reason: nonEmpty(128).describe('Why it is being stopped.'),
      message: text(4096).describe('The same in a sentence.'),
      time: time().describe('When that was decided.'),
    })
    .describe('Present once the operator decided to stop it; carried through even if the spec changes back.')
    .optional(),
  outcome: z.enum(['Succeeded', 'Failed', 'Cancelled', 'Suspended']).describe('How it ended.').optional(),
  class: z
    .enum(['Flow', 'Spec', 'Infrastructure'])
    .describe('Whose failure it was: that of the flow, of what the spec asks for, or of the cluster.')
    .optional(),
  reason: nonEmpty(128).describe('Why it ended, in one CamelCase word.').optional(),
  message: text(4096).describe('Why it ended, and what to do.').optional(),
  exitCode: z.int32().describe('Exit code of the flow.').optional(),
  retryAt: time().describe('When the next attempt starts.').optional(),
});

export type Attempt = z.infer<typeof attempt>;
