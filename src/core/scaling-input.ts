import type { Demand, Load } from './load.ts';
import type { Refusals } from './refusals.ts';

/** A worker that shall exist. */
export interface Member {
  ordinal: number;
  /** `pending`: its container does not run yet. `started`: it does, whether or not it has joined the scheduler. */
  pod: 'pending' | 'started';
  /** It is being retired. */
  leaving: boolean;
}

/** One kind of worker. */
export interface WorkerGroup {
  name: string;
  minimum: number;
  maximum: number;
  threads: number;
  /** Of one worker; undefined when it has no limit. */
  memoryBytes: number | undefined;
  /** Dask's abstract resources of one worker. */
  resources: Readonly<Record<string, number>>;
  members: readonly Member[];
  /** Why no further pod of this group can come at present (quota, unschedulable); undefined when nothing is known against it. */
  blocked: string | undefined;
}

/** `adaptKwargs` with their defaults, over all groups together. Durations in seconds, memory in bytes. */
export interface Adapt {
  minimum: number;
  maximum: number;
  minimumCores: number;
  maximumCores: number;
  minimumMemoryBytes: number;
  maximumMemoryBytes: number;
  intervalSeconds: number;
  waitCount: number;
  targetSeconds: number;
  /** Of `clusterKwargs.idle_timeout`: an idle cluster keeps its size until then and shrinks at once after it. 0, as upstream, and undefined: none. */
  idleTimeoutSeconds: number | undefined;
}

/** What the policy decides from. */
export interface ScalingInput {
  now: number;
  /** When the attempt's flow and cluster ran, in milliseconds since the epoch; undefined before. */
  runningSince: number | undefined;
  adapt: Adapt;
  groups: readonly WorkerGroup[];
  /**
   * The newest answers, newest last, as `remember` keeps them: those of the doorbell as well as one each interval, for
   * a peak between two of them must count. Empty when nothing is known, or what is known is stale.
   */
  window: readonly Load[];
  refusals: Refusals;
}

/** What to change. All lists empty: nothing. */
export interface Scaling {
  /** Workers the present work asks for, before limits. */
  target: number;
  /** Workers there should be in each group, after limits. */
  desired: ReadonlyMap<string, number>;
  /** New workers by group. */
  add: ReadonlyMap<string, number>;
  /** Workers that the newest answer does not show: pods that have not started, or not joined. There is nothing to drain unless they have joined since. Ordinals. */
  cancel: readonly number[];
  /** Workers to retire. Ordinals. */
  retire: readonly number[];
  /** Retiring workers that are wanted again, or whose retirement failed. Ordinals. */
  giveBack: readonly number[];
  /** Tasks that wait for a first worker of their kind, which the maximum leaves no room for. */
  crowdedOut: readonly Demand[];
  /** One sentence with the numbers it was decided from. */
  why: string;
}
