import type { FlowRunStatus } from '../api/status.ts';
import { decide } from './decide.ts';
import type { Action } from './decision.ts';
import { toLeave } from './departures.ts';
import { ADAPTIVE, type Dask, OVER, order, strike, viewOf } from './model-dask.ts';
import type { ClusterPlan, Observed, PodState } from './observed.ts';

/**
 * `exiting`: its container runs still, its program has done all it had to. `dying`: it is being deleted, and what runs in it has
 * not been told or does not listen yet.
 */
export type Pod = 'absent' | 'pending' | 'running' | 'exiting' | 'dying' | 'succeeded' | 'failed' | 'killed';

export interface Pods {
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
  /** A child came when its attempt was over, or when the next had begun. */
  late: boolean;
  /** One of an attempt before the present one is there. */
  stray: boolean;
  cluster: boolean;
  retries: number;
  /** Others hold all slots at present. */
  crowded: boolean;
  /** How often one may get free yet; whoever begins leaves none for the next. */
  crowds: number;
  /** The operator knows that it made the attempt's flow pod, which nobody has written down yet. */
  made: boolean;
  lost: boolean;
  reported: boolean;
  flowStarts: Record<number, number>;
  /** Of an adaptive cluster. Its progress is never written: it may be dropped at any time. */
  dask?: Dask;
}

const PLAN: ClusterPlan = {
  adapt: undefined,
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

export const NOTHING: Pods = {
  files: false,
  service: false,
  flow: 'absent',
  scheduler: 'absent',
  workers: {},
};

/** Clock readings: start; past back-off, lingering and start deadline; past the active deadline; for `settle` alone. */
export const TIMES = [0, 2_000_000, 4_000_000, 8_000_000];

/** Same for the same world. What was said of scaling tells of the way to a state, and nothing follows from it. */
export function keyOf({ status, pods, stale, dask, ...rest }: World): string {
  return `${idOf(status)} ${idOf(pods)} ${idOf(stale)} ${idOf(dask ?? {})} ${JSON.stringify(rest)}`;
}

/** For people. */
export const describeWorld = (world: World): string => JSON.stringify(world);

const ids = new Map<string, number>();
const idsOfParts = new WeakMap<object, number>();

/** Most parts of a world are those of the world before; a number each keeps the keys of all worlds short. */
function idOf(part: object): number {
  const known = idsOfParts.get(part);
  if (known !== undefined) return known;
  const text = JSON.stringify({ ...part, scaling: undefined });
  const id = ids.get(text) ?? ids.size;
  ids.set(text, id);
  idsOfParts.set(part, id);
  return id;
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
      namespace: 'team',
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
    plan: { ok: true, cluster: world.dask ? ADAPTIVE : world.cluster ? PLAN : undefined, warnings: [] },
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
    strays: world.stray ? [{ kind: 'Pod', name: 'stray', uid: 'stray' }] : [],
    flowPodMade: world.made ? `flow-${attempt}` : undefined,
    flowPodLost: world.lost && world.pods.flow === 'absent',
    refusal: undefined,
    blocked: new Map(),
    place: world.crowded ? { position: 1, waiting: 1, limit: 1, scope: 'Namespace' } : undefined,
    scheduler:
      !world.cluster || !live
        ? { kind: 'none' }
        : world.dask
          ? viewOf(world.dask)
          : {
              kind: 'heard',
              workers: Object.values(world.pods.workers).filter((pod) => pod === 'running').length,
              tasks: { total: 0, waiting: 0, running: 0, finished: 0, failed: 0 },
              queue: { queued: 0, processing: 0, unrunnable: 0 },
              result: world.reported ? finished : undefined,
              window: [],
              refusals: new Map(),
              staleAt: undefined,
              used: false,
              ordered: new Set(),
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
    case 'exiting':
    case 'dying': {
      const state = pod === 'pending' ? 'pending' : 'running';
      const terminating = pod === 'dying';
      return { ...base, state, terminating, stopping: false, ready: pod === 'running', problem: undefined };
    }
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
export function step(before: World, picture: Pods): World[] {
  const observed = observeWorld(before, picture);
  const world = before.dask ? { ...before, dask: order(before.dask, toLeave(observed)) } : before;
  const decision = decide(observed);
  if (decision.kind === 'commit') {
    if (decision.progress && world.dask) return [world];
    const changed = decision.status.attempt !== world.status.attempt;
    // Names carry the attempt: nothing of an earlier one is seen as a child of the next.
    return [
      {
        ...world,
        stale: changed ? NOTHING : world.pods,
        status: decision.status,
        made: false,
        lost: changed ? false : world.lost,
        reported: changed ? false : world.reported,
        ...(changed ? { pods: NOTHING, crowded: world.crowds > 0 } : {}),
        ...(world.dask && decision.usesAnswer ? { dask: { ...world.dask, used: true } } : {}),
      },
    ];
  }
  const worlds: World[] = world.dask && decision.actions.length === 0 ? [world] : [];
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
      const made = world.made || child.role === 'flow';
      return pods[child.role] === 'absent' ? { ...after({ [child.role]: 'pending' }), made } : world;
    }
    case 'deleteCluster':
      return { ...after({ scheduler: 'absent', workers: {} }), ...(world.dask && { dask: OVER }) };
    case 'deleteFlow':
      return after({ flow: 'absent' });
    case 'deleteWorkers': {
      const gone = new Set(action.pods.map(({ ordinal }) => String(ordinal)));
      const left = Object.entries(pods.workers).flatMap(([ordinal, pod]): [string, Pod][] => {
        if (!gone.has(ordinal)) return [[ordinal, pod]];
        return world.dask && (pod === 'running' || pod === 'dying') ? [[ordinal, 'dying']] : [];
      });
      const struck =
        world.dask && action.pods.reduce((dask, { ordinal }) => strike(dask, ordinal), world.dask);
      return { ...after({ workers: Object.fromEntries(left) }), ...(struck && { dask: struck }) };
    }
    case 'deleteObject':
      return after({ [action.child.role]: false });
    case 'deleteStrays':
      return { ...world, stray: false };
    case 'stopFlow':
      return pods.flow === 'running' ? after({ flow: 'killed' }) : world;
    case 'lookForFlowPod':
      return pods.flow === 'absent' ? { ...world, lost: true } : { ...world, stale: pods };
    case 'deleteRun':
      throw new Error('no TTL was set');
  }
}
