import type { Demand, Load } from './load.ts';
import type { WorkerGroup } from './scaling-input.ts';

/** Quotients of durations and of resources are compared as a person would: 0.3 holds 0.1 three times. */
const EPSILON = 1e-9;

/** Workers that the work of one answer asks for. */
export interface Wanted {
  /** By name of every group; 0 where nothing is asked of it. */
  byGroup: ReadonlyMap<string, number>;
  /** What no group can ever run. */
  unplaced: readonly Demand[];
}

/** Tasks of this demand that one worker of the group runs at once; 0: it never can. */
export function slots(resources: Demand['resources'], group: WorkerGroup): number {
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
 * Tasks that must run at the same time for all to be done within the target. A thread does whole tasks only: five
 * seconds are enough for two of two seconds each, not for two and a half. One of unknown duration gets a thread of
 * its own.
 */
function concurrency({ tasks, unknown, seconds }: Demand, targetSeconds: number): number {
  if (tasks <= 0) return 0;
  const perThread =
    seconds > 0 ? Math.max(1, Math.floor((targetSeconds * tasks) / seconds + EPSILON)) : tasks;
  return Math.max(Math.ceil(tasks / perThread), Math.min(tasks, unknown), 1);
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

/** The group's members that stay, as one answer shows them. */
function census(group: WorkerGroup, load: Load) {
  const staying = group.members.filter(({ leaving }) => !leaving);
  const seen = staying.flatMap(({ ordinal }) => load.workers.get(ordinal) ?? []);
  return {
    busy: seen.filter(({ paused, processing, executing }) => !paused && processing + executing > 0).length,
    paused: seen.filter(({ paused }) => paused).length,
    usable: staying.filter(({ pod }) => pod === 'started' || group.blocked === undefined).length,
  };
}

/**
 * Workers of each group that are needed so that the work is done within the target, before limits. Work goes first
 * where it runs already, then to present workers, then to new ones, and to a group that cannot have new ones last. A
 * worker that has work of its group's kind stays, and one that is paused for lack of memory is no capacity.
 */
export function wantedWorkers(load: Load, groups: readonly WorkerGroup[], targetSeconds: number): Wanted {
  const counts = new Map(groups.map((group) => [group.name, census(group, load)]));
  const shares = new Map(groups.map((group) => [group.name, new Share(group)]));
  const ceilings: ((group: WorkerGroup) => number)[] = [
    ({ name }) => counts.get(name)?.busy ?? 0,
    ({ name }) => counts.get(name)?.usable ?? 0,
    ({ name, blocked, maximum }) => (blocked === undefined ? maximum : (counts.get(name)?.usable ?? 0)),
    ({ maximum }) => maximum,
  ];
  const unplaced: Demand[] = [];
  const rows = load.demand.filter(({ tasks }) => tasks > 0);
  for (const row of rows.toSorted((a, b) => kindsOf(b) - kindsOf(a))) {
    const able = takers(row, groups).flatMap(({ name }) => shares.get(name) ?? []);
    const [preferred] = able;
    if (preferred === undefined) {
      unplaced.push(row);
      continue;
    }
    let left = concurrency(row, targetSeconds);
    for (const ceiling of ceilings) {
      for (const share of able) left -= share.take(left, row, ceiling(share.group));
    }
    preferred.take(left, row, Infinity);
    for (const share of able) share.tasks += row.tasks;
  }
  const byGroup = new Map<string, number>();
  for (const [name, share] of shares) {
    const { busy = 0, paused = 0 } = counts.get(name) ?? {};
    byGroup.set(name, share.tasks === 0 ? 0 : Math.max(share.workers, Math.min(busy, share.tasks)) + paused);
  }
  return { byGroup, unplaced };
}

function kindsOf({ resources }: Demand): number {
  return Object.values(resources).filter((amount) => amount > 0).length;
}
