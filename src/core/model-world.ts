import type { FlowRunStatus } from '../api/status.ts';
import { currentAttempt, isOver } from './attempt.ts';
import { decide } from './decide.ts';
import type { Action } from './decision.ts';
import type { ClusterPlan, Observed, PodState } from './observed.ts';

/** For the walk of `decide` in the tests: a small world with the API server's and the kubelet's habits. */
type Pod = 'absent' | 'pending' | 'running' | 'succeeded' | 'failed' | 'killed';

interface Pods {
  files: boolean;
  service: boolean;
  flow: Pod;
  scheduler: Pod;
  workers: Record<number, Pod>;
}

export interface World {
  status: FlowRunStatus;
  pods: Pods;
  /** An older picture of the children, as a cache would show it. */
  stale: Pods;
  time: number;
  cancel: boolean;
  mayCancel: boolean;
  suspend: boolean;
  flips: number;
  faults: number;
  cluster: boolean;
  retries: number;
  lost: boolean;
  reported: boolean;
  flowStarts: Record<number, number>;
}

const PLAN: ClusterPlan = {
  groups: [
    {
      name: 'default',
      workers: 1,
      minimum: 1,
      maximum: 1,
      threads: 1,
      memoryBytes: undefined,
      resources: {},
    },
  ],
};

const NOTHING: Pods = { files: false, service: false, flow: 'absent', scheduler: 'absent', workers: {} };

/** Clock readings: start; past back-off, lingering and start deadline; past the active deadline; for `settle` alone. */
export const TIMES = [0, 2_000_000, 4_000_000, 8_000_000];
const LAST = TIMES.length - 2;

/** Faults, suspension and cancel multiply: with a cluster each has a world of its own. */
export function initialWorlds(): { name: string; world: World }[] {
  const world: World = {
    status: {},
    pods: NOTHING,
    stale: NOTHING,
    time: 0,
    cancel: false,
    mayCancel: true,
    suspend: false,
    flips: 0,
    faults: 0,
    cluster: false,
    retries: 0,
    lost: false,
    reported: false,
    flowStarts: {},
  };
  const cluster = { ...world, cluster: true };
  return [
    { name: 'a LocalExecutor run', world },
    { name: 'a LocalExecutor run with a retry', world: { ...world, retries: 1 } },
    { name: 'a DaskExecutor run that is cancelled', world: { ...cluster, flips: 9, faults: 9 } },
    { name: 'a DaskExecutor run that is suspended', world: { ...cluster, mayCancel: false, faults: 9 } },
    { name: 'a DaskExecutor run on a failing cluster', world: { ...cluster, mayCancel: false, flips: 9 } },
  ];
}

export function keyOf(world: World): string {
  return JSON.stringify(world);
}

export function observeWorld(world: World, pods: Pods = world.pods): Observed {
  const attempt = world.status.attempt ?? 0;
  const live = world.pods.scheduler === 'running';
  const finished = {
    version: 1,
    uid: 'u',
    attempt,
    outcome: 'Succeeded',
    exitCode: 0,
    class: null,
    reason: 'Succeeded',
    message: 'ok',
    value: 1,
  } as const;
  return {
    now: TIMES[world.time] ?? 0,
    run: {
      uid: 'u',
      generation: 1,
      deleting: false,
      managedByOther: false,
      suspend: world.suspend,
      cancel: world.cancel,
      retry: { limit: world.retries, when: 'Any', backoffSeconds: 1, maxBackoffSeconds: 1 },
      startDeadlineSeconds: 900,
      activeDeadlineSeconds: 3500,
      ttlSecondsAfterFinished: undefined,
      clusterAfterFailureSeconds: 0,
    },
    status: world.status,
    plan: { ok: true, cluster: world.cluster ? PLAN : undefined, warnings: [] },
    children: {
      files: pods.files,
      service: pods.service,
      flow: podState('flow', pods.flow, attempt),
      scheduler: podState('scheduler', pods.scheduler, attempt),
      workers: new Map(
        Object.entries(pods.workers).map(([ordinal, pod]) => [
          Number(ordinal),
          podState(`worker-${ordinal}`, pod, attempt),
        ]),
      ),
    },
    flowPodLost: world.lost && world.pods.flow === 'absent',
    refusal: undefined,
    scheduler:
      !world.cluster || !live
        ? { kind: 'none' }
        : {
            kind: 'heard',
            workers: Object.values(world.pods.workers).filter((pod) => pod === 'running').length,
            tasks: { total: 0, waiting: 0, running: 0, finished: 0, failed: 0 },
            result: world.reported ? finished : undefined,
          },
  };
}

function podState(name: string, pod: Pod, attempt: number): PodState {
  const base = { name, uid: `${name}-${attempt}`, terminating: false, goneAt: undefined, node: 'n' };
  switch (pod) {
    case 'absent':
      return { state: 'absent' };
    case 'pending':
    case 'running':
      return { ...base, state: pod, stopping: false, ready: pod === 'running', problem: undefined };
    case 'succeeded':
    case 'failed':
    case 'killed':
      return {
        ...base,
        state: 'finished',
        exitCode: { succeeded: 0, failed: 1, killed: 143 }[pod],
        oomKilled: false,
        message: '',
        reason: undefined,
      };
  }
}

/** What the operator may do to this world: one decision from the present or an older picture, crashing after any part of it. */
export function operator(world: World): World[] {
  return [...step(world, world.pods), ...step(world, world.stale)];
}

/** One decision from a picture of the children, and every world that a crash in the middle of its actions leaves. */
export function step(world: World, picture: Pods): World[] {
  const decision = decide(observeWorld(world, picture));
  if (decision.kind === 'commit') {
    const changed = decision.status.attempt !== world.status.attempt;
    // Names carry the attempt: nothing of an earlier one is seen as a child of the next.
    return [
      {
        ...world,
        stale: changed ? NOTHING : world.pods,
        status: decision.status,
        lost: changed ? false : world.lost,
        reported: changed ? false : world.reported,
        ...(changed ? { pods: NOTHING } : {}),
      },
    ];
  }
  const worlds: World[] = [];
  let next = world;
  for (const action of decision.actions) {
    next = perform(next, action);
    worlds.push(next);
  }
  return worlds;
}

function perform(world: World, action: Action): World {
  const { pods } = world;
  const after = (change: Partial<Pods>): World => ({ ...world, stale: pods, pods: { ...pods, ...change } });
  switch (action.type) {
    case 'create': {
      const { child } = action;
      if (child.role === 'worker')
        return pods.workers[child.ordinal]
          ? world
          : after({ workers: { ...pods.workers, [child.ordinal]: 'pending' } });
      if (child.role === 'files' || child.role === 'service') return after({ [child.role]: true });
      return pods[child.role] === 'absent' ? after({ [child.role]: 'pending' }) : world;
    }
    case 'deleteCluster':
      return after({ scheduler: 'absent', workers: {} });
    case 'deleteFlow':
      return after({ flow: 'absent' });
    case 'deleteWorkers': {
      const gone = new Set(action.pods.map(({ ordinal }) => String(ordinal)));
      const left = Object.entries(pods.workers).filter(([ordinal]) => !gone.has(ordinal));
      return after({ workers: Object.fromEntries(left) });
    }
    case 'deleteObject':
      return after({ [action.child.role]: false });
    case 'stopFlow':
      return pods.flow === 'running' ? after({ flow: 'killed' }) : world;
    case 'lookForFlowPod':
      return pods.flow === 'absent' ? { ...world, lost: true } : { ...world, stale: pods };
    case 'deleteRun':
      throw new Error('no TTL was set');
  }
}

/** What anybody but the operator may do: kubelet, user, clock, faults. */
export function environment(world: World): World[] {
  const { pods, status } = world;
  const worlds: World[] = [];
  const set = (change: Partial<Pods>, rest: Partial<World> = {}) =>
    worlds.push({ ...world, stale: pods, pods: { ...pods, ...change }, ...rest });
  const attempt = currentAttempt(status);
  const number = status.attempt ?? 0;
  if (pods.flow === 'pending')
    set(
      { flow: 'running' },
      { flowStarts: { ...world.flowStarts, [number]: (world.flowStarts[number] ?? 0) + 1 } },
    );
  if (pods.flow === 'running') {
    set({ flow: 'succeeded' });
    set({ flow: 'failed' });
    if (pods.scheduler === 'running' && !world.reported) worlds.push({ ...world, reported: true });
  }
  if (pods.scheduler === 'pending') set({ scheduler: 'running' });
  for (const [ordinal, pod] of Object.entries(pods.workers)) {
    if (pod === 'pending') set({ workers: { ...pods.workers, [ordinal]: 'running' } });
  }
  if (world.faults < 1) {
    const faults = world.faults + 1;
    if (pods.flow === 'running' && attempt?.flowPodUID !== undefined) set({ flow: 'absent' }, { faults });
    if (pods.scheduler === 'running') set({ scheduler: 'failed' }, { faults });
    if (pods.scheduler === 'running') set({ scheduler: 'absent' }, { faults });
    for (const [ordinal, pod] of Object.entries(pods.workers)) {
      if (pod !== 'running') continue;
      set({ workers: { ...pods.workers, [ordinal]: 'failed' } }, { faults });
    }
  }
  if (world.mayCancel && !world.cancel && !isOver(status)) worlds.push({ ...world, cancel: true });
  if (world.flips < 1 && !isOver(status))
    worlds.push({ ...world, suspend: !world.suspend, flips: world.flips + 1 });
  if (world.time < LAST && !isOver(status)) worlds.push({ ...world, time: world.time + 1 });
  return worlds;
}
