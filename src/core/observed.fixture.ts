import type { FlowRunStatus } from '../api/status.ts';
import { type Group, withGroups } from './groups.ts';
import type { Load, WorkerLoad } from './load.ts';
import type { ClusterPlan, GroupPlan, Observed, PodState, SchedulerView } from './observed.ts';

/** For tests: a run whose flow is under way on an adaptive cluster of ours, at 100 s since the epoch. */
export const NOW = 100_000;

export const PLAN: ClusterPlan = {
  groups: [group('default'), group('gpu', { GPU: 1 })],
  adapt: {
    minimum: 0,
    maximum: 4,
    minimumCores: 0,
    maximumCores: Infinity,
    minimumMemoryBytes: 0,
    maximumMemoryBytes: Infinity,
    intervalSeconds: 1,
    waitCount: 1,
    targetSeconds: 1,
    idleTimeoutSeconds: undefined,
    dryRun: false,
  },
};

function group(name: string, resources = {}): GroupPlan {
  return { name, workers: 0, minimum: 0, maximum: 4, threads: 1, memoryBytes: undefined, resources };
}

export function pod(
  name: string,
  state: 'pending' | 'running' | 'finished',
  change: Partial<Exclude<PodState, { state: 'absent' }>> = {},
): PodState {
  const base = { name, uid: `uid-${name}`, terminating: false, goneAt: undefined, node: 'n' };
  const made =
    state === 'finished'
      ? { ...base, state, exitCode: 0, oomKilled: false, message: '', reason: undefined }
      : { ...base, state, stopping: false, ready: state === 'running', problem: undefined };
  return Object.assign(made, change);
}

export function worker(change: Partial<WorkerLoad> = {}): WorkerLoad {
  return {
    threads: 1,
    working: true,
    paused: false,
    processing: 0,
    executing: 0,
    longRunning: 0,
    pinned: false,
    bytes: 0,
    memoryLimitBytes: 0,
    drain: undefined,
    ...change,
  };
}

export function load(change: Partial<Load> = {}): Load {
  return {
    at: NOW,
    demand: [],
    keysWanted: false,
    scattersWaiting: 0,
    finished: 1,
    flowSeen: true,
    idleSeconds: 0,
    workers: new Map(),
    ...change,
  };
}

export function heard(
  newest: Load,
  change: Partial<Extract<SchedulerView, { kind: 'heard' }>> = {},
): SchedulerView {
  return {
    kind: 'heard',
    workers: newest.workers.size,
    tasks: { total: 0, waiting: 0, running: 0, finished: 0, failed: 0 },
    queue: { queued: 0, processing: 0, unrunnable: 0 },
    result: undefined,
    window: [newest],
    refusals: new Map(),
    staleAt: undefined,
    used: false,
    ordered: new Set(),
    ...change,
  };
}

interface Scene {
  /** Ordinals of the default group, then of the group `gpu`. */
  ordinals?: readonly (readonly number[])[];
  leaving?: readonly number[];
  pods?: readonly (readonly [number, PodState])[];
  scheduler?: SchedulerView;
  plan?: ClusterPlan;
  status?: FlowRunStatus;
  blocked?: Observed['blocked'];
}

export function observed({
  ordinals = [[0], []],
  leaving = [],
  pods = [],
  scheduler = heard(load()),
  plan = PLAN,
  status = {},
  blocked = new Map(),
}: Scene): Observed {
  const all = ordinals.flat();
  const groups: Group[] = plan.groups.map(({ name }, index) => {
    const own = new Set(ordinals[index] ?? []);
    return { name, ordinals: own, leaving: new Set(leaving.filter((ordinal) => own.has(ordinal))) };
  });
  const workers = { ready: 0, allocated: Math.max(-1, ...all) + 1, failures: 0 };
  return {
    now: NOW,
    run: {
      uid: 'u',
      namespace: 'team',
      generation: 1,
      deleting: false,
      managedByOther: false,
      suspend: false,
      cancel: false,
      retry: { limit: 0, when: 'Any', backoffSeconds: 1, maxBackoffSeconds: 1 },
      startDeadlineSeconds: 900,
      activeDeadlineSeconds: undefined,
      ttlSecondsAfterFinished: undefined,
      clusterAfterFailureSeconds: 0,
    },
    status: {
      attempt: 1,
      attempts: [
        {
          number: 1,
          startTime: '1970-01-01T00:00:00Z',
          runningTime: '1970-01-01T00:00:01Z',
          flowPodUID: 'uid-flow',
        },
      ],
      cluster: withGroups({ workers }, groups),
      ...status,
    },
    plan: { ok: true, cluster: plan, warnings: [] },
    children: {
      files: true,
      service: true,
      scheduler: pod('scheduler', 'running'),
      flow: pod('flow', 'running'),
      workers: new Map(pods),
    },
    strays: [],
    flowPodMade: undefined,
    flowPodLost: false,
    refusal: undefined,
    scheduler,
    blocked,
    place: undefined,
  };
}
