import { isOrdinary, type Sizes } from './scale-demand.ts';
import type { Adapt, ScalingInput, WorkerGroup } from './scaling-input.ts';

/** More workers than this are never asked for, whatever the limits say. */
const MAX_WORKERS = 100_000;

/** Workers of the groups together, kept within the maximum of their number, threads and memory. */
export class Allocation {
  readonly sizes = new Map<string, number>();
  private readonly adapt: Adapt;
  private workers = 0;
  private cores = 0;
  private bytes = 0;

  constructor(adapt: Adapt, groups: readonly WorkerGroup[]) {
    this.adapt = adapt;
    for (const { name } of groups) this.sizes.set(name, 0);
  }

  size({ name }: WorkerGroup): number {
    return this.sizes.get(name) ?? 0;
  }

  add(group: WorkerGroup, count: number): void {
    this.sizes.set(group.name, this.size(group) + count);
    this.workers += count;
    this.cores += count * group.threads;
    this.bytes += count * (group.memoryBytes ?? 0);
  }

  /**
   * Raises every group to its target while the maximum permits, always the one that is furthest behind its share.
   */
  fill(groups: readonly WorkerGroup[], target: (group: WorkerGroup) => number): void {
    const short = groups
      .map((group) => ({ group, goal: Math.min(target(group), MAX_WORKERS) }))
      .filter(({ group, goal }) => this.size(group) < goal);
    if (this.fitsAll(short)) {
      for (const { group, goal } of short) this.add(group, goal - this.size(group));
      return;
    }
    for (;;) {
      let next: { group: WorkerGroup; share: number } | undefined;
      for (const { group, goal } of short) {
        if (this.size(group) >= goal || !this.fits(group, 1)) continue;
        const share = (this.size(group) + 0.5) / goal;
        if (next === undefined || share < next.share) next = { group, share };
      }
      if (next === undefined) return;
      this.add(next.group, 1);
    }
  }

  /** Adds workers of the group until the minimum is reached, as far as the group and the maximum permit. */
  topUp(group: WorkerGroup, maximum: number): void {
    const { minimum, minimumCores, minimumMemoryBytes } = this.adapt;
    const helps = () =>
      this.workers < minimum ||
      this.cores < minimumCores ||
      (this.bytes < minimumMemoryBytes && (group.memoryBytes ?? 0) > 0);
    while (this.size(group) < Math.min(maximum, MAX_WORKERS) && helps() && this.fits(group, 1)) {
      this.add(group, 1);
    }
  }

  private fits({ threads, memoryBytes = 0 }: WorkerGroup, count: number): boolean {
    const { maximum, maximumCores, maximumMemoryBytes } = this.adapt;
    return (
      this.workers + count <= maximum &&
      this.cores + count * threads <= maximumCores &&
      (memoryBytes === 0 || this.bytes + count * memoryBytes <= maximumMemoryBytes)
    );
  }

  private fitsAll(short: readonly { group: WorkerGroup; goal: number }[]): boolean {
    const trial = new Allocation(this.adapt, []);
    trial.workers = this.workers;
    trial.cores = this.cores;
    trial.bytes = this.bytes;
    return short.every(({ group, goal }) => {
      const fits = trial.fits(group, goal - this.size(group));
      trial.add(group, goal - this.size(group));
      return fits;
    });
  }
}

/** Members that are to stay: all of them, or those whose pods have started. */
export function staying({ members }: WorkerGroup, pod?: 'started'): number {
  return members.filter((member) => !member.leaving && (pod === undefined || member.pod === pod)).length;
}

/**
 * The wanted sizes within the limits. The maximum stands above every minimum. When it does not suffice for all, each
 * group with demand gets one worker before any gets more, and the rest is divided in proportion. A group that can
 * have no further pods claims none, and what it waits for comes after what others can use.
 */
export function limit(wanted: Sizes, { adapt, groups }: Pick<ScalingInput, 'adapt' | 'groups'>): Sizes {
  const allocation = new Allocation(adapt, groups);
  const want = ({ name }: WorkerGroup) => wanted.get(name) ?? 0;
  const claim = (group: WorkerGroup) => Math.min(Math.max(want(group), group.minimum), group.maximum);
  const usable = (group: WorkerGroup) =>
    group.blocked === undefined ? claim(group) : Math.min(claim(group), staying(group, 'started'));
  const present = (group: WorkerGroup) =>
    group.blocked === undefined ? claim(group) : Math.min(claim(group), staying(group));

  allocation.fill(groups, (group) => Math.min(group.minimum, usable(group)));
  allocation.fill(groups, (group) => (want(group) > 0 ? Math.min(1, usable(group)) : 0));
  allocation.fill(groups, usable);
  allocation.fill(groups, present);
  // Present workers make up a minimum before new ones, special ones only where plain ones never can.
  const ordinary = groups.filter(isOrdinary);
  const special = ordinary.some(({ blocked }) => blocked !== undefined)
    ? []
    : groups.filter((group) => !isOrdinary(group));
  for (const kind of [ordinary, special]) {
    for (const group of kind) allocation.topUp(group, Math.min(group.maximum, staying(group)));
    for (const group of kind) if (group.blocked === undefined) allocation.topUp(group, group.maximum);
  }
  return allocation.sizes;
}
