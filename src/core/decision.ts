import type { FlowRunStatus } from '../api/status.ts';
import type { WorkerRef } from './names.ts';
import type { Stray } from './observed.ts';
import type { ForeignReason, Reason } from './reasons/reason.ts';

/** A child of the current attempt, by role. */
export type ChildRef =
  | { role: 'files' | 'service' | 'scheduler' | 'flow' }
  | ({ role: 'worker' } & WorkerRef);

export type Action =
  /** POST; the name is deterministic, so a repetition meets its own child. */
  | { type: 'create'; child: ChildRef }
  /** One `deletecollection` of the attempt's scheduler and worker pods. */
  | { type: 'deleteCluster' }
  /** Delete with UID precondition. */
  | { type: 'deleteFlow'; name: string; uid: string }
  /** At once, without grace: they hold nothing. */
  | { type: 'deleteWorkers'; pods: readonly { ordinal: number; name: string; uid: string }[] }
  | { type: 'deleteObject'; child: { role: 'files' | 'service' } }
  /** Each with UID precondition. */
  | { type: 'deleteStrays'; strays: readonly Stray[] }
  /** Stops a started flow and keeps its logs: `activeDeadlineSeconds: 1` on the pod. */
  | { type: 'stopFlow'; name: string; uid: string }
  /** A live GET for a pod that the cache does not show. */
  | { type: 'lookForFlowPod'; uid: string }
  | { type: 'deleteRun' };

export interface EventNote {
  type: 'Normal' | 'Warning';
  reason: Reason | ForeignReason;
  note: string;
}

/**
 * What to do next, exactly one of: one status write (`commit`) and no action, or actions and no write.
 * `wakeAt` (ms since the epoch): look again then, even if nothing happens.
 * A `progress` commit may be dropped or delayed for the write budget; any other never.
 */
export type Decision =
  | {
      kind: 'commit';
      status: FlowRunStatus;
      progress: boolean;
      /** The scheduler's newest answer is used up: no other change of size follows from it. */
      usesAnswer: boolean;
      events: EventNote[];
      why: string;
    }
  | { kind: 'act'; actions: Action[]; wakeAt: number | undefined; why: string };
