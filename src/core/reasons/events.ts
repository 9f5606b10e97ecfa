import { type Entry, NOTHING } from './entry.ts';

/** Reasons of events, beside those that are the end, the refusal or the course of a run or the trouble of a condition. */
export const EVENTS = {
  Retrying: {
    meaning: 'An attempt ended and another follows, after the time that the event tells.',
    advice: 'See in `status.attempts` why each ended.',
  },
  WorkerLost: {
    meaning: 'Workers ended or were deleted by somebody; others take their places.',
    advice: 'If it goes on, see `status.cluster.workers.lost` for how they ended.',
  },
  ScaledUp: { meaning: 'Workers were added, for the reason that the event tells.', advice: NOTHING },
  ScaledDown: {
    meaning: 'Workers leave, for the reason that the event tells; what they hold is handed over first.',
    advice: NOTHING,
  },
  WouldScale: {
    meaning: 'With `adaptKwargs.dry_run`: the size that scaling would choose has changed.',
    advice: NOTHING,
  },
} as const satisfies Record<string, Entry>;

/** How a worker was lost, in `status.cluster.workers.lost`, beside what Kubernetes says of its pod. */
export const LOSSES = {
  OutOfMemory: {
    meaning: 'It needed more memory than its limit.',
    advice: 'Raise `clusterKwargs.memory_limit`, or give each task less.',
  },
  Crashed: {
    meaning: 'Its process ended by itself; `exitCode` tells how.',
    advice: 'See its log, if it is still there, and the task that it ran.',
  },
  Deleted: { meaning: 'Somebody deleted its pod.', advice: NOTHING },
} as const satisfies Record<string, Entry>;

export type Loss = keyof typeof LOSSES;
