import type { Demand, Load } from './load.ts';
import { isBusy } from './scale-victims.ts';
import type { WorkerGroup } from './scaling-input.ts';

/** Quotients of durations and of resources are compared as a person would: 0.3 holds 0.1 three times. */
const EPSILON = 1e-9;

/** Work that takes a tenth longer than the target is on time: durations are averages. */
const ON_TIME = 1.1;

/** Workers by the name of every group. */
export type Sizes = ReadonlyMap<string, number>;

/** Workers that the work of one answer asks for. */
export interface Wanted {
  byGroup: Sizes;
  /** What no group can ever run. */
  unplaced: readonly Demand[];
}

/** Tasks of this demand that one worker of the group runs at once; 0: it never can. */
export function slots(
  resources: Demand['resources'],
  group: Pick<WorkerGroup, 'resources' | 'threads'>,
): number {
  const bounds = Object.entries(resources)
    .filter(([, amount]) => amount > 0)
    .map(([name, amount]) => Math.floor((group.resources[name] ?? 0) / amount + EPSILON));
  return Math.min(group.threads, ...bounds);
}

export function isOrdinary(group: WorkerGroup): boolean {
  return Object.values(group.resources).every((amount) => amount <= 0);
}

/**
 * Groups that are to run the demand, the preferred one first: those with the fewest kinds of resources. Plain tasks
 * are no reason for a worker with special resources unless there is no other, though Dask runs them there as well.
 */
function takers({ resources }: Demand, groups: readonly WorkerGroup[]): readonly WorkerGroup[] {
  const able = groups.filter((group) => slots(resources, group) > 0);
  const ordinary = able.filter(isOrdinary);
  if (ordinary.length > 0) return ordinary;
  const kinds = (group: WorkerGroup) => Object.keys(group.resources).length;
  return able.toSorted((a, b) => kinds(a) - kinds(b));
}

/**
 * Tasks that must run at the same time for all to be done within the target. A thread does whole tasks only: in five
 * seconds two of two seconds each, or one of three. One of unknown duration gets a thread of its own.
 */
function concurrency({ tasks, unknown, seconds }: Demand, targetSeconds: number): number {
  if (seconds <= 0) return Math.min(tasks, Math.max(1, unknown));
  const perThread = Math.max(1, Math.floor((targetSeconds * ON_TIME * tasks) / seconds + EPSILON));
  return Math.min(
    tasks,
    Math.max(Math.ceil(tasks / perThread), Math.ceil(seconds / targetSeconds - EPSILON), unknown),
  );
}

/** What has been given to a group so far. */
class Share {
  readonly group: WorkerGroup;
  /** Unfinished tasks it may run, whether or not it gets them. */
  tasks = 0;
  private threads = 0;
  private readonly workersByResource = new Map<string, number>();

  constructor(group: WorkerGroup) {
    this.group = group;
  }

  get workers(): number {
    const bounds = [this.threads / this.group.threads, ...this.workersByResource.values()];
    return Math.ceil(Math.max(...bounds) - EPSILON);
  }

  /** Takes as many of `count` tasks at once as that many workers can run beside the rest; returns how many. */
  take(count: number, { resources }: Demand, workers: number): number {
    let room = workers * this.group.threads - this.threads;
    const perWorker = Object.entries(resources)
      .filter(([, amount]) => amount > 0)
      .map(
        ([name, amount]) => [name, slots({ [name]: amount }, { ...this.group, threads: Infinity })] as const,
      );
    for (const [name, each] of perWorker) {
      room = Math.min(room, Math.floor((workers - (this.workersByResource.get(name) ?? 0)) * each + EPSILON));
    }
    const taken = Math.max(0, Math.min(count, room));
    this.threads += taken;
    for (const [name, each] of perWorker) {
      this.workersByResource.set(name, (this.workersByResource.get(name) ?? 0) + taken / each);
    }
    return taken;
  }
}

type Census = ReturnType<typeof census>;

/**
 * The group's members that stay, as one answer shows them. One that is paused for lack of memory is no capacity, except for
 * the tasks that run on it: they end there.
 */
function census(group: WorkerGroup, load: Load) {
  const staying = group.members.filter(({ leaving }) => !leaving);
  const seen = staying.flatMap(({ ordinal }) => load.workers.get(ordinal) ?? []);
  const paused = seen.filter((worker) => worker.paused).length;
  const maximum = Math.max(0, group.maximum - paused);
  const usable =
    staying.filter(({ pod }) => pod === 'started' || group.blocked === undefined).length - paused;
  return {
    paused,
    ending: seen.reduce((sum, { paused, executing }) => sum + (paused ? executing : 0), 0),
    busy: seen.filter((worker) => !worker.paused && isBusy(worker)).length,
    usable: Math.min(Math.max(0, usable), maximum),
    maximum,
  };
}

/**
 * Workers of each group that are needed so that the work is done within the target, before limits. Work goes first
 * where it runs already, then to present workers, then to new ones, and to a group that cannot have new ones last. A
 * worker that has work of its group's kind stays. Tasks that few groups can run choose first.
 */
export function wantedWorkers(load: Load, groups: readonly WorkerGroup[], targetSeconds: number): Wanted {
  const shares = new Map(
    groups.map((group) => [group.name, { share: new Share(group), census: census(group, load) }]),
  );
  const ceilings = [
    ({ busy, maximum }: Census) => Math.min(busy, maximum),
    ({ usable }: Census) => usable,
    ({ usable, maximum }: Census, { blocked }: WorkerGroup) => (blocked === undefined ? maximum : usable),
    ({ maximum }: Census) => maximum,
  ];
  const unplaced: Demand[] = [];
  const rows = load.demand
    .filter(({ tasks }) => tasks > 0)
    .map((row) => ({ row, able: takers(row, groups).flatMap(({ name }) => shares.get(name) ?? []) }))
    .toSorted((a, b) => a.able.length - b.able.length || kindsOf(b.row) - kindsOf(a.row));
  for (const { row, able } of rows) {
    const [preferred] = able;
    if (preferred === undefined) {
      unplaced.push(row);
      continue;
    }
    let left = concurrency(row, targetSeconds);
    for (const ceiling of ceilings) {
      for (const { share, census } of able) left -= share.take(left, row, ceiling(census, share.group));
    }
    preferred.share.take(left, row, Infinity);
    for (const { share } of able) share.tasks += row.tasks;
  }
  const byGroup = new Map<string, number>();
  for (const [name, { share, census }] of shares) {
    const { busy, paused, ending } = census;
    const others = Math.max(0, Math.min(share.workers, share.tasks - ending));
    byGroup.set(name, share.tasks === 0 ? 0 : Math.max(others, Math.min(busy, share.tasks)) + paused);
  }
  return { byGroup, unplaced };
}

function kindsOf({ resources }: Demand): number {
  return Object.values(resources).filter((amount) => amount > 0).length;
}
