import type { Load } from './load.ts';
import type { ClusterPlan, SchedulerView } from './observed.ts';

/** For the walk of `decide` in the tests: what a scheduler knows and does. Lists are of ordinals, ascending. */
interface Scheduler {
  /** Unfinished tasks; one worker wants one. */
  tasks: number;
  joined: readonly number[];
  /** Those that run a task. */
  busy: readonly number[];
  /** Those that were asked to leave. */
  ordered: readonly number[];
  /** Those whose retirement failed. */
  failed: readonly number[];
}

/** The scheduler and what the operator knows of it. */
export interface Dask extends Scheduler {
  /** The last answer that arrived. */
  answer: Scheduler | undefined;
  /** A change of size followed from it. */
  used: boolean;
  /** Whom the operator asks for at present. */
  orders: readonly number[];
  /** Whom the scheduler knew of when it gave the answer, and who was asked for ever since. */
  confirmed: readonly number[];
  /** Bursts of work and failures of retirements that may still come. */
  bursts: number;
  failures: number;
  /** A worker was deleted while it ran a task, or had results and was not asked to leave; or it was given a task after that. */
  wronged: readonly number[];
}

export const FRESH: Dask = {
  tasks: 0,
  joined: [],
  busy: [],
  ordered: [],
  failed: [],
  answer: undefined,
  used: false,
  orders: [],
  confirmed: [],
  bursts: 1,
  failures: 1,
  wronged: [],
};

/** The cluster is gone. */
export const OVER: Dask = { ...FRESH, bursts: 0, failures: 0 };

export const MAXIMUM = 2;

export const ADAPTIVE: ClusterPlan = {
  groups: [
    {
      name: 'default',
      workers: 1,
      minimum: 0,
      maximum: MAXIMUM,
      threads: 1,
      memoryBytes: undefined,
      resources: {},
    },
  ],
  adapt: {
    minimum: 0,
    maximum: MAXIMUM,
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

const without = (list: readonly number[], ...ordinals: readonly number[]) =>
  list.filter((each) => !ordinals.includes(each));
const including = (list: readonly number[], ordinal: number) =>
  list.includes(ordinal) ? list : [...list, ordinal].sort((one, other) => one - other);

/** The worker is gone, whatever it did. */
export function lose(dask: Dask, ordinal: number): Dask {
  return {
    ...dask,
    joined: without(dask.joined, ordinal),
    busy: without(dask.busy, ordinal),
    failed: without(dask.failed, ordinal),
  };
}

/** The operator deletes its pod. Until that is gone the worker may join, if it has not. */
export function strike(dask: Dask, ordinal: number): Dask {
  // One that was asked to leave before it joined holds nothing.
  const empty = dask.ordered.includes(ordinal) && !dask.busy.includes(ordinal);
  const wronged = dask.joined.includes(ordinal) && !empty ? including(dask.wronged, ordinal) : dask.wronged;
  return { ...dask, wronged };
}

/** A pod that was deleted is gone. */
export function bury(dask: Dask, ordinal: number): Dask {
  const wronged = dask.busy.includes(ordinal) ? including(dask.wronged, ordinal) : dask.wronged;
  return { ...lose(dask, ordinal), wronged };
}

/** The operator asks for these, and no others, to leave. */
export function order(dask: Dask, leaving: Iterable<number>): Dask {
  const orders = [...leaving].sort((one, other) => one - other);
  return { ...dask, orders, confirmed: dask.confirmed.filter((ordinal) => orders.includes(ordinal)) };
}

/**
 * What may happen next in the scheduler and on the way to it. `running`: pods whose container runs; `dying`: those among
 * them that are being deleted; `endless`: no task ends.
 */
export function next(
  dask: Dask,
  running: readonly number[],
  dying: readonly number[],
  endless = false,
): { dask: Dask; left?: number }[] {
  const { tasks, joined, busy, ordered, orders, failed } = dask;
  const worlds: { dask: Dask; left?: number }[] = [];
  const set = (change: Partial<Dask>, left?: number) =>
    worlds.push({ dask: { ...dask, ...change }, ...(left === undefined ? {} : { left }) });
  // Asked, the scheduler learns who shall leave and answers; what happens from then on the operator does not know.
  const told = { ordered: orders, failed: failed.filter((ordinal) => orders.includes(ordinal)) };
  const answer = { tasks, joined, busy, ...told };
  if (JSON.stringify(answer) !== JSON.stringify(dask.answer) || dask.used)
    set({ ...told, answer, confirmed: orders, used: false });
  for (const ordinal of running) if (!joined.includes(ordinal)) set({ joined: including(joined, ordinal) });
  for (const ordinal of joined) {
    const leaves = ordered.includes(ordinal) && !failed.includes(ordinal);
    if (busy.includes(ordinal)) {
      if (!endless) set({ busy: without(busy, ordinal), tasks: tasks - 1 });
    } else if (!leaves && busy.length < tasks) set({ busy: including(busy, ordinal) });
    else if (leaves) set({ joined: without(joined, ordinal) }, ordinal);
    // It takes longer than an answer to find that a worker cannot leave, and one that was asked before it joined always can.
    const asked = dask.answer?.ordered.includes(ordinal) === true && dask.answer.joined.includes(ordinal);
    const long = asked && !dying.includes(ordinal);
    if (leaves && long && dask.failures > 0)
      set({ failed: including(failed, ordinal), failures: dask.failures - 1 });
  }
  if (tasks === 0 && dask.bursts > 0) set({ tasks: 2, bursts: dask.bursts - 1 });
  return worlds;
}

/** What the operator sees of it. */
export function viewOf({ answer, used, confirmed }: Dask): SchedulerView {
  if (answer === undefined) return { kind: 'silent', cause: 'not connected yet' };
  const { tasks, joined, busy, ordered, failed } = answer;
  const load: Load = {
    at: 0,
    demand: tasks === 0 ? [] : [{ resources: {}, tasks, unknown: 0, seconds: tasks }],
    keysWanted: false,
    scattersWaiting: 0,
    finished: 1,
    flowSeen: true,
    idleSeconds: 0,
    workers: new Map(
      joined.map((ordinal) => {
        const leaves = ordered.includes(ordinal);
        const works = busy.includes(ordinal);
        return [
          ordinal,
          {
            threads: 1,
            working: !leaves || failed.includes(ordinal),
            paused: false,
            processing: works ? 1 : 0,
            executing: works ? 1 : 0,
            longRunning: 0,
            pinned: false,
            bytes: 0,
            memoryLimitBytes: 0,
            drain: failed.includes(ordinal)
              ? 'failed'
              : leaves
                ? works
                  ? 'executing'
                  : 'retiring'
                : undefined,
          },
        ];
      }),
    ),
  };
  return {
    kind: 'heard',
    workers: joined.length - joined.filter((ordinal) => ordered.includes(ordinal)).length,
    tasks: { total: 0, waiting: 0, running: 0, finished: 0, failed: 0 },
    queue: { queued: 0, processing: 0, unrunnable: 0 },
    result: undefined,
    window: [load],
    refusals: new Map(),
    staleAt: undefined,
    used,
    ordered: new Set(confirmed),
  };
}
