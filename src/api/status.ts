import { z } from 'zod';

import { attempt } from './attempt.ts';
import { condition } from './conditions.ts';
import { int32, list, listMap, nonEmpty, text, textMap, time } from './schema.ts';

/** Derived from the conditions, for people and for `kubectl get`. */
export const PHASES = [
  'Pending',
  'Suspended',
  'Starting',
  'Running',
  'Retrying',
  'Stopping',
  'Succeeded',
  'Failed',
  'Cancelled',
] as const;

/** Kinds of workers of one run. */
export const MAX_GROUPS = 16;

const lostWorker = z.strictObject({
  name: nonEmpty(63).describe('Name of its pod.'),
  reason: nonEmpty(128).describe(
    '`OutOfMemory`, `Crashed`, `Deleted`, or what the cluster says: `Evicted`, `DeletionByTaintManager`, …',
  ),
  exitCode: z.int32().describe('Exit code of its process.').optional(),
});

export type LostWorker = z.infer<typeof lostWorker>;

const workers = z.strictObject({
  desired: int32().describe('Workers there should be.').optional(),
  ready: int32().describe('Workers connected to the scheduler.').optional(),
  retiring: int32().describe('Workers that hand over their results before they go.').optional(),
  allocated: int32()
    .describe('Worker ordinals given out so far in this attempt; none is used twice.')
    .optional(),
  failures: int32().describe('Workers lost in this attempt, and replaced.').optional(),
  lost: listMap(lostWorker, 'name', 5).describe('The last that were lost, newest last.').optional(),
});

const ordinals = () => text(8192);

const group = z.strictObject({
  name: nonEmpty(63).describe('`default`, or its name in `clusterKwargs.worker_groups`.'),
  desired: int32().describe('Workers of this kind that there should be.').optional(),
  ordinals: ordinals()
    .describe('Ordinals of the workers that shall exist, as ranges: `0-9,12`. No two groups share one.')
    .optional(),
  leaving: ordinals().describe('Those among them that are being retired.').optional(),
});

const cluster = z.strictObject({
  schedulerAddress: text(512).describe('Where the Dask scheduler listens.').optional(),
  dashboard: text(1024).describe('How to open the Dask dashboard.').optional(),
  workers: workers.describe('The workers in numbers.').optional(),
  groups: listMap(group, 'name', MAX_GROUPS).describe('The workers by kind.').optional(),
  versions: textMap(32, 128)
    .describe('Versions of Python, Dask and others, as the scheduler reports them.')
    .optional(),
});

const scaling = z.strictObject({
  target: int32().describe('Workers the present work asks for, before limits.').optional(),
  desired: int32()
    .describe('Workers there should be, after limits. In a dry run there are others.')
    .optional(),
  queued: int32().describe('Tasks waiting for a worker.').optional(),
  processing: int32().describe('Tasks assigned to workers.').optional(),
  unrunnable: int32().describe('Tasks that no present worker can run.').optional(),
  lastDecision: text(1024).describe('The last decision and its reason.').optional(),
  history: list(
    z.strictObject({
      time: time().describe('When.'),
      from: int32().describe('Workers before.'),
      to: int32().describe('Workers after.'),
      reason: text(256).describe('Why.'),
    }),
    20,
  )
    .describe('The latest changes of size.')
    .optional(),
});

const queue = z.strictObject({
  position: int32(1).describe('Its place in line when last written, which is each time that it has halved.'),
  waiting: int32(1).describe('Runs in the same line.'),
  limit: int32(1).describe('How many may run at once.'),
  scope: z.enum(['Namespace', 'Cluster']).describe('Whether that is for its namespace or for all together.'),
});

const tasks = z.strictObject({
  total: int32().describe('Tasks known so far.').optional(),
  waiting: int32().describe('Tasks that wait for others or for a worker.').optional(),
  running: int32().describe('Tasks that run.').optional(),
  finished: int32().describe('Tasks done, successful or not.').optional(),
  succeeded: int32().describe('Tasks that succeeded, as the flow reports at its end.').optional(),
  failed: int32().describe('Tasks that failed.').optional(),
  failedNames: list(text(256), 20).describe('Names of the first failed tasks.').optional(),
});

const result = z.strictObject({
  exitCode: z
    .int32()
    .describe(
      'Exit code: 0 success, 1 the flow failed, 2 bad entrypoint, parameters or executor, 3 infrastructure, 130 and 143 cancelled.',
    )
    .optional(),
  reason: nonEmpty(128).describe('The outcome in one CamelCase word.').optional(),
  message: text(4096).describe('What happened, and what to do.').optional(),
  value: z.unknown().describe('What the flow returned, as JSON, if it is small enough.').optional(),
});

/** What the operator has seen and done. */
export const flowRunStatus = z.strictObject({
  phase: z.enum(PHASES).describe('Where the run stands, in a word. Derived from the conditions.').optional(),
  reason: nonEmpty(128).describe('Why, in one CamelCase word.').optional(),
  message: text(32768).describe('Why, in a sentence, and what to do.').optional(),
  observedGeneration: z
    .int()
    .min(0)
    .describe('The generation of the spec this status answers to.')
    .optional(),
  conditions: listMap(condition, 'type', 16)
    .describe(
      'What is authoritative. `Complete` is True after success, `Failed` after any other end; neither changes again.',
    )
    .optional(),
  queue: queue.describe('Present while the run waits for a slot.').optional(),
  attempt: int32().describe('Number of the current attempt; 0 before the first.').optional(),
  retries: int32().describe('Retries used so far.').optional(),
  startTime: time().describe('When the first attempt started, or the first after a suspension.').optional(),
  completionTime: time().describe('When the run ended.').optional(),
  suspendedTime: time().describe('When the run was suspended.').optional(),
  attempts: listMap(attempt, 'number', 16).describe('The latest attempts.').optional(),
  cluster: cluster.describe('The Dask cluster of the current attempt.').optional(),
  scaling: scaling.describe('What scaling sees and does.').optional(),
  tasks: tasks
    .describe('Dask tasks in numbers. While the flow runs, a failed Prefect task counts as finished.')
    .optional(),
  result: result.describe('How the run ended.').optional(),
});

export type FlowRunStatus = z.infer<typeof flowRunStatus>;
