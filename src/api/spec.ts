import { z } from 'zod';

import { executor } from './executor.ts';
import { flow } from './flow.ts';
import { withRules } from './rule.ts';
import { int32, nonEmpty } from './schema.ts';
import { unchanged } from './transitions.ts';

const retry = withRules(
  z.strictObject({
    limit: int32().max(100).describe('How many times the flow is started again after a failed attempt.'),
    when: z
      .enum(['Infrastructure', 'Any'])
      .default('Infrastructure')
      .describe(
        'Infrastructure: only when the cluster let the flow down (a lost node, an evicted pod). Any: also when the flow itself failed.',
      ),
    backoffSeconds: int32()
      .max(86400)
      .default(10)
      .describe('Pause before the first retry; doubled before each further one.'),
    maxBackoffSeconds: int32().max(86400).default(360).describe('Longest pause.'),
  }),
  [
    {
      rule: 'self.backoffSeconds <= self.maxBackoffSeconds',
      message: '`backoffSeconds` must not be greater than `maxBackoffSeconds`',
      check: (value) => value.backoffSeconds <= value.maxBackoffSeconds,
    },
  ],
);

const cleanup = z.strictObject({
  clusterAfterFailureSeconds: int32()
    .max(86400)
    .default(0)
    .describe(
      'How long the Dask cluster is kept after the final failure, for a look. Scaling stands still meanwhile.',
    ),
});

/** What the user asks for. */
export const flowRunSpec = withRules(
  z.strictObject({
    flow: flow.describe('What runs, and in which pods.'),
    executor: executor
      .describe("How tasks run. Absent: the flow's own executor or task runner, in its own pod.")
      .optional(),
    retry: retry.describe('Whether a failed attempt is repeated. Absent: it is not.').optional(),
    startDeadlineSeconds: int32(1)
      .describe(
        "How long one attempt may take until the flow runs and its cluster answers. Final: a run that cannot start is not retried. Default: the operator's configuration.",
      )
      .optional(),
    activeDeadlineSeconds: int32(1)
      .describe('How long the run may take in all, retries and pauses between them included. Final.')
      .optional(),
    ttlSecondsAfterFinished: int32()
      .describe(
        'Seconds after its end when the FlowRun is deleted, with its pods and their logs. Absent: never.',
      )
      .optional(),
    cleanup: cleanup.describe('What is kept for a look after a failure.').optional(),
    suspend: z
      .boolean()
      .describe(
        'true: nothing runs. A running attempt is stopped; setting it back starts a new one, which is no retry.',
      )
      .optional(),
    cancel: z.boolean().describe('true: end the run for good. Cannot be taken back.').optional(),
    managedBy: nonEmpty(63)
      .describe(
        'Name of another controller that runs this FlowRun; this operator leaves it alone. Cannot change.',
      )
      .optional(),
  }),
  [],
  [
    {
      rule: '!oldSelf.?cancel.orValue(false) || self.?cancel.orValue(false)',
      message: '`cancel` cannot be taken back; create a new FlowRun',
    },
    {
      rule: unchanged('managedBy'),
      message: '`managedBy` cannot change',
    },
  ],
);

export type FlowRunSpec = z.infer<typeof flowRunSpec>;
