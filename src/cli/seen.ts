import { z } from 'zod';

// Read leniently: the operator may be newer than this command, and a field it cannot read is a field it does not show.
const text = z.string().optional().catch(undefined);
const count = z.number().optional().catch(undefined);
const time = z
  .string()
  .transform((value) => Date.parse(value))
  .refine((value) => !Number.isNaN(value))
  .optional()
  .catch(undefined);

const condition = z.object({ type: z.string(), status: z.string(), reason: text, message: text });

const status = z.object({
  phase: text,
  reason: text,
  message: text,
  attempt: count,
  retries: count,
  startTime: time,
  completionTime: time,
  conditions: z.array(condition).catch([]).default([]),
  cluster: z
    .object({
      workers: z.object({ desired: count, ready: count, retiring: count }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  tasks: z
    .object({
      total: count,
      waiting: count,
      running: count,
      finished: count,
      succeeded: count,
      failed: count,
    })
    .optional()
    .catch(undefined),
  result: z.object({ value: z.unknown() }).optional().catch(undefined),
  queue: z.object({ position: z.number(), waiting: z.number() }).optional().catch(undefined),
  attempts: z
    .array(z.object({ startTime: time, retryAt: time }))
    .catch([])
    .default([]),
});

const spec = z.object({
  managedBy: text,
  suspend: z.boolean().optional().catch(undefined),
  cancel: z.boolean().optional().catch(undefined),
  startDeadlineSeconds: count,
  activeDeadlineSeconds: count,
  ttlSecondsAfterFinished: count,
  retry: z.object({ limit: count, when: text }).optional().catch(undefined),
  cleanup: z.object({ clusterAfterFailureSeconds: count }).optional().catch(undefined),
});

const run = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), uid: z.string(), creationTimestamp: time }),
  spec: spec.default({}).catch({}),
  status: status.default({ conditions: [], attempts: [] }).catch({ conditions: [], attempts: [] }),
});

const event = z.object({
  type: text,
  reason: z.string().catch('Unknown'),
  note: text,
  eventTime: time,
  deprecatedLastTimestamp: time,
  metadata: z.object({ creationTimestamp: time }),
  regarding: z.object({ uid: text }).optional().catch(undefined),
});

/** A FlowRun as far as it is shown. Times are milliseconds since 1970. */
export type SeenRun = z.infer<typeof run>;

export interface SeenEvent {
  at: number;
  warning: boolean;
  reason: string;
  note: string;
}

/** @throws Error when the object is no FlowRun of an API server. */
export function seeRun(object: unknown): SeenRun {
  return run.parse(object);
}

/** The events about the object with this UID, oldest first. */
export function seeEvents(objects: readonly unknown[], uid: string): SeenEvent[] {
  return objects
    .flatMap((object) => {
      const parsed = event.safeParse(object);
      return parsed.success && parsed.data.regarding?.uid === uid ? [parsed.data] : [];
    })
    .map(({ type, reason, note, eventTime, deprecatedLastTimestamp, metadata }) => ({
      at: eventTime ?? deprecatedLastTimestamp ?? metadata.creationTimestamp ?? 0,
      warning: type === 'Warning',
      reason,
      note: note ?? '',
    }))
    .sort((one, other) => one.at - other.at);
}
