import type { FlowRunStatus } from '../api/status.ts';
import type { Place } from './admission.ts';
import type { Refusals } from './refusals.ts';
import type { Refusal } from './reasons/refusals.ts';
import type { Warning } from './reasons/conditions.ts';
import type { RunResult } from './result.ts';
import type { Load } from './load.ts';
import type { Adapt, WorkerGroup } from './scaling-input.ts';

/** Why a container does not start, as the kubelet or the scheduler tells it. `fatal`: waiting cannot help. */
export interface StartProblem {
  reason: string;
  message: string;
  fatal: boolean;
}

/** One pod as the cache shows it, reduced to what decisions need. Times in milliseconds since the epoch. */
export type PodState =
  | { state: 'absent' }
  | {
      state: 'pending' | 'running';
      name: string;
      uid: string;
      /** Deletion was asked for, by whomever. */
      terminating: boolean;
      /** When it counts as gone although the API still shows it: deletion time, grace and the tolerance for dead nodes. */
      goneAt: number | undefined;
      /** A stop without deletion (`activeDeadlineSeconds: 1`) was already asked for. */
      stopping: boolean;
      ready: boolean;
      problem: StartProblem | undefined;
      node: string | undefined;
    }
  | {
      state: 'finished';
      name: string;
      uid: string;
      terminating: boolean;
      goneAt: number | undefined;
      exitCode: number | undefined;
      oomKilled: boolean;
      /** The container's termination message: of the flow, the launcher's JSON. */
      message: string;
      /** The pod's own reason (Evicted, DeadlineExceeded, NodeLost) or that of its DisruptionTarget condition. */
      reason: string | undefined;
      node: string | undefined;
    };

export interface Children {
  files: boolean;
  service: boolean;
  scheduler: PodState;
  flow: PodState;
  /** By ordinal. */
  workers: ReadonlyMap<number, PodState>;
}

/**
 * A child of an attempt before the present one that may still do something. The next attempt begins when nothing of the last is
 * left, so it was made late: by a request that was held up on its way.
 */
export interface Stray {
  kind: 'Pod' | 'Service' | 'ConfigMap';
  name: string;
  uid: string;
}

/** What the scheduler last said. `silent`: it was asked and has not answered (yet, or since). */
export type SchedulerView =
  | { kind: 'none' }
  | { kind: 'silent'; cause: string }
  | {
      kind: 'heard';
      workers: number;
      tasks: { total: number; waiting: number; running: number; finished: number; failed: number };
      /** Tasks that wait for a worker, that are assigned to one, and that no present one can run. */
      queue: { queued: number; processing: number; unrunnable: number };
      result: RunResult | undefined;
      /** The newest answers, newest last; of a cluster of fixed size one. */
      window: readonly Load[];
      /** Workers that could not leave when they were asked, as far as this process has seen it. */
      refusals: Refusals;
      /** Without a further answer the scheduler counts as silent from then on, in milliseconds since the epoch; undefined: it need not answer any more. */
      staleAt: number | undefined;
      /** A change of size was committed from the newest answer already. */
      used: boolean;
      /** Ordinals of leaving workers of whose retirement the scheduler knew when it gave the newest answer. */
      ordered: ReadonlySet<number>;
    };

/** One kind of worker: its first workers, its bounds, and what one of it offers. */
export type GroupPlan = Omit<WorkerGroup, 'members' | 'blocked'> & { workers: number };

/** `adaptKwargs` with their defaults, and whether they are acted on. */
export type AdaptPlan = Adapt & { dryRun: boolean };

export interface ClusterPlan {
  groups: readonly GroupPlan[];
  /** Undefined: a cluster of fixed size. */
  adapt: AdaptPlan | undefined;
}

/** What `resolve` says of the current spec. */
export type Plan =
  | {
      ok: true;
      /** Undefined when the operator makes none. */
      cluster: ClusterPlan | undefined;
      warnings: readonly Warning[];
    }
  | { ok: false; reason: Refusal; message: string };

export interface Blocked {
  message: string;
  until: number;
}

/** Everything a decision is made from. Of one moment, possibly stale, never half-parsed. */
export interface Observed {
  now: number;
  run: {
    uid: string;
    namespace: string;
    generation: number;
    deleting: boolean;
    managedByOther: boolean;
    suspend: boolean;
    cancel: boolean;
    retry: {
      limit: number;
      when: 'Infrastructure' | 'Any';
      backoffSeconds: number;
      maxBackoffSeconds: number;
    };
    startDeadlineSeconds: number;
    activeDeadlineSeconds: number | undefined;
    ttlSecondsAfterFinished: number | undefined;
    clusterAfterFailureSeconds: number;
  };
  status: FlowRunStatus;
  plan: Plan;
  /** Of the attempt in `status.attempt`. */
  children: Children;
  /** Of attempts before it. */
  strays: readonly Stray[];
  /** UID of the flow pod that this process has made, if it knows: the cache may never show one that somebody deletes at once. */
  flowPodMade: string | undefined;
  /** A live GET found no pod with the committed UID: the cache's word alone never ends an attempt. */
  flowPodLost: boolean;
  scheduler: SchedulerView;
  /** The API server refused to create a child, for good: its words. */
  refusal: string | undefined;
  /** Worker groups of which it creates no pod at present (quota), by name, and when to ask again. */
  blocked: ReadonlyMap<string, Blocked>;
  /** The run has to wait for a slot, and where it stands; undefined: it may begin. */
  place: Place | undefined;
}
