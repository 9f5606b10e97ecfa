import type { DrainState, Load, WorkerLoad } from './load.ts';
import { waits } from './refusals.ts';
import type { Member, ScalingInput, WorkerGroup } from './scaling-input.ts';

/** Results may fill this part of the memory of the workers that stay: beyond it they begin to spill. */
const MEMORY_RATIO = 2;

/** How far a retirement has come, the cheapest to take back first. */
const PROGRESS: readonly (DrainState | undefined)[] = [undefined, 'moving', 'executing', 'retiring'];

/** Where results can go: the memory of the workers that stay. */
export class Memory {
  private held = 0;
  /** Of `held`, what workers hold that leave: it has to go somewhere. */
  private moving = 0;
  private readonly limits = new Map<number, number>();

  constructor(groups: readonly WorkerGroup[], { workers }: Load) {
    for (const { ordinal, leaving } of groups.flatMap(({ members }) => members)) {
      const worker = workers.get(ordinal);
      if (worker === undefined) continue;
      this.held += worker.bytes;
      if (leaving) this.moving += worker.bytes;
      if (leaving || !worker.working || worker.paused) continue;
      this.limits.set(ordinal, worker.memoryLimitBytes > 0 ? worker.memoryLimitBytes : Infinity);
    }
  }

  /**
   * Takes the worker away if the rest has memory for what it holds, and for what those hold that leave before it: they may be
   * moving it to this one. Tells whether it did.
   */
  release(ordinal: number, { bytes }: WorkerLoad): boolean {
    const limit = this.limits.get(ordinal);
    this.limits.delete(ordinal);
    const room = [...this.limits.values()].reduce((sum, each) => sum + each, 0);
    const moving = this.moving + bytes;
    if (moving === 0 || (this.limits.size > 0 && this.held * MEMORY_RATIO <= room)) {
      this.moving = moving;
      return true;
    }
    if (limit !== undefined) this.limits.set(ordinal, limit);
    return false;
  }
}

export function isBusy({ processing, executing }: WorkerLoad): boolean {
  return processing + executing > 0;
}

/** Members that stay and have work. */
export function busyMembers({ members }: WorkerGroup, { workers }: Load): number {
  return members.filter(({ ordinal, leaving }) => {
    const worker = workers.get(ordinal);
    return !leaving && worker !== undefined && isBusy(worker);
  }).length;
}

/** Members the scheduler does not know, which go first: pods that have not started before others, the newest before older ones. */
export function unjoined({ members }: WorkerGroup, { workers }: Load): readonly Member[] {
  return members
    .filter(({ ordinal, leaving }) => !leaving && !workers.has(ordinal))
    .toSorted((a, b) => rank(a) - rank(b) || b.ordinal - a.ordinal);
}

function rank({ pod }: Member): number {
  return pod === 'pending' ? 0 : 1;
}

/**
 * Workers that may be retired, those first that cost least: idle ones, then those with the least running, waiting and
 * held. Not among them: one that others depend on, one whose retirement was taken back within the window, and one that
 * waits since its last retirement has failed.
 */
export function victims(
  { members }: WorkerGroup,
  { now, window, refusals }: Pick<ScalingInput, 'now' | 'window' | 'refusals'>,
): readonly [number, WorkerLoad][] {
  const newest = window.at(-1);
  return members
    .flatMap(({ ordinal, leaving }): [number, WorkerLoad][] => {
      const worker = leaving ? undefined : newest?.workers.get(ordinal);
      if (worker === undefined || !worker.working || worker.pinned || worker.longRunning > 0) return [];
      const drained = window.some(({ workers }) => workers.get(ordinal)?.drain !== undefined);
      return drained || waits(refusals, ordinal, now) ? [] : [[ordinal, worker]];
    })
    .toSorted(
      ([ordinalA, a], [ordinalB, b]) =>
        a.executing - b.executing || a.processing - b.processing || a.bytes - b.bytes || ordinalB - ordinalA,
    );
}

/** Retiring workers that can still be had back and are of use, the least advanced first. */
export function returnable({ members }: WorkerGroup, { workers }: Load): readonly number[] {
  return members
    .flatMap(({ ordinal, leaving }) => {
      const worker = leaving ? workers.get(ordinal) : undefined;
      const progress = worker === undefined || worker.paused ? -1 : PROGRESS.indexOf(worker.drain);
      return progress < 0 ? [] : [{ ordinal, progress }];
    })
    .toSorted((a, b) => a.progress - b.progress || a.ordinal - b.ordinal)
    .map(({ ordinal }) => ordinal);
}
