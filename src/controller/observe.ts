import type { FlowRun } from '../api/flow-run.ts';
import type { Place } from '../core/admission.ts';
import { classifyPod } from '../core/classify.ts';
import { wantedOrdinals } from '../core/groups.ts';
import { LABELS, childName } from '../core/names.ts';
import type { Blocked, Children, Observed, Plan, PodState, SchedulerView } from '../core/observed.ts';
import { ownResult } from '../core/result.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Cache } from './cache.ts';
import { straysOf } from './strays.ts';
import type { Followed } from './scheduler-watch.ts';

/** Marks FlowRuns that this operator carries out; any other value of `spec.managedBy` is another controller's. */
export const MANAGER = 'flowrun.dev/operator';

export interface ObserveInput {
  run: FlowRun;
  cache: Cache;
  plan: Plan;
  scheduler: Followed | undefined;
  /** UID of the attempt's flow pod, if this process has made it. */
  made: string | undefined;
  /** UIDs of flow pods that a live GET did not find. */
  lost: ReadonlySet<string>;
  /** The API server's refusal of a child, if it refused one for good. */
  refusal: string | undefined;
  /** Worker groups of which it creates no pod at present. */
  blocked: ReadonlyMap<string, Blocked>;
  /** Of a run that has to wait for a slot. */
  place: Place | undefined;
  startDeadlineSeconds: number;
  now: number;
}

/** One consistent picture of a run, out of the cache and the newest sample. Reads only. */
export function observe(input: ObserveInput): Observed {
  const { run, now, plan, startDeadlineSeconds } = input;
  const { spec, metadata } = run;
  const status = run.status ?? {};
  const flowPodUID = status.attempts?.find((each) => each.number === status.attempt)?.flowPodUID;
  return {
    now,
    run: {
      ...requestOf(run),
      uid: metadata.uid,
      namespace: metadata.namespace,
      retry: spec.retry ?? { limit: 0, when: 'Infrastructure', backoffSeconds: 10, maxBackoffSeconds: 360 },
      startDeadlineSeconds: spec.startDeadlineSeconds ?? startDeadlineSeconds,
      activeDeadlineSeconds: spec.activeDeadlineSeconds,
      ttlSecondsAfterFinished: spec.ttlSecondsAfterFinished,
      clusterAfterFailureSeconds: spec.cleanup?.clusterAfterFailureSeconds ?? 0,
    },
    status,
    plan,
    refusal: input.refusal,
    blocked: input.blocked,
    place: input.place,
    children: childrenOf(input, status.attempt ?? 0),
    strays: straysOf(run, input.cache, status.attempt ?? 0),
    flowPodMade: input.made,
    flowPodLost: flowPodUID !== undefined && input.lost.has(flowPodUID),
    scheduler: viewOf(input, status.attempt ?? 0),
  };
}

/** Whether the run shall run at all, and by whom. */
export function requestOf({ spec, metadata }: FlowRun) {
  return {
    generation: metadata.generation,
    deleting: metadata.deletionTimestamp !== undefined,
    managedByOther: spec.managedBy !== undefined && spec.managedBy !== MANAGER,
    suspend: spec.suspend ?? false,
    cancel: spec.cancel ?? false,
  };
}

function childrenOf({ run, cache }: ObserveInput, attempt: number): Children {
  const { uid, namespace } = run.metadata;
  const pod = (name: string, container: string): PodState =>
    stateOf(cache, cache.child('Pod', namespace, name, uid), container);
  const exists = (kind: 'Service' | 'ConfigMap', name: string): boolean => {
    const object = cache.child(kind, namespace, name, uid);
    return object !== undefined && !cache.own.isDeleted(object.metadata.uid ?? '');
  };
  const workers = new Map<number, PodState>();
  for (const ordinal of ordinalsSeen(run, cache, attempt)) {
    workers.set(ordinal, pod(childName(run.metadata, attempt, 'worker', ordinal), 'worker'));
  }
  const scheduler = childName(run.metadata, attempt, 'scheduler');
  return {
    files: exists('ConfigMap', childName(run.metadata, attempt, 'files')),
    service: exists('Service', scheduler),
    scheduler: pod(scheduler, 'scheduler'),
    flow: pod(childName(run.metadata, attempt, 'flow'), 'flow'),
    workers,
  };
}

/** Those that shall exist are looked up by name: pods just created are not in the index yet. */
function ordinalsSeen(run: FlowRun, cache: Cache, attempt: number): Set<number> {
  const ordinals = wantedOrdinals(run.status ?? {});
  for (const { metadata } of cache.owned('Pod', run.metadata.namespace, run.metadata.uid)) {
    if (metadata.labels?.[LABELS.attempt] !== String(attempt)) continue;
    const ordinal = metadata.labels[LABELS.ordinal];
    if (ordinal !== undefined) ordinals.add(Number(ordinal));
  }
  return ordinals;
}

function stateOf(cache: Cache, pod: KubeObject | undefined, container: string): PodState {
  const state = classifyPod(pod, container);
  if (state.state === 'absent' || !cache.own.isDeleted(state.uid)) return state;
  return { ...state, terminating: true };
}

function viewOf({ scheduler, run, now }: ObserveInput, attempt: number): SchedulerView {
  const newest = scheduler?.newest;
  if (scheduler === undefined || newest === undefined) return { kind: 'none' };
  if (newest.sample === undefined) {
    // Whoever has just begun to ask has not been kept waiting.
    const patient = now - newest.since < scheduler.staleMs;
    return patient ? { kind: 'none' } : { kind: 'silent', cause: newest.cause };
  }
  const { sample, receivedAt } = newest;
  if (sample.uid !== run.metadata.uid || sample.attempt !== attempt) {
    return { kind: 'silent', cause: 'the scheduler answers for another run' };
  }
  const result = ownResult(sample.result, run.metadata.uid, attempt);
  // What was reported once stays true; only the numbers grow stale.
  const staleAt = receivedAt + scheduler.staleMs;
  const stale = now >= staleAt;
  if (result === undefined && stale) {
    return { kind: 'silent', cause: `no sample for ${Math.round((now - receivedAt) / 1000)} s` };
  }
  const { tasks } = sample;
  const { answers } = scheduler;
  return {
    kind: 'heard',
    // One that is known but still in `init` cannot work yet.
    workers: sample.workers.filter(({ status }) => status === 'running').length,
    tasks: {
      total: tasks.total,
      waiting: tasks.waiting + tasks.queued + tasks.no_worker,
      running: tasks.processing,
      finished: tasks.finished,
      failed: tasks.failed,
    },
    queue: {
      queued: tasks.queued + tasks.no_worker,
      processing: tasks.processing,
      unrunnable: tasks.no_worker,
    },
    result,
    window: stale ? [] : answers.window,
    refusals: answers.refusals,
    staleAt: stale ? undefined : staleAt,
    used: answers.used,
    ordered: answers.ordered,
  };
}
