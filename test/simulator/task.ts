import type { DrainState } from '../../src/core/load.ts';

type Resources = Readonly<Record<string, number>>;

export interface Task {
  /** Tasks of one kind are expected to take equally long: Dask's task prefix. */
  kind: string;
  seconds: number;
  resources: Resources;
  /** Of its result. */
  bytes: number;
  /** How often it was begun. */
  runs: number;
  done: () => void;
}

/** A worker as the scheduler knows it. */
export class SimulatedWorker {
  readonly ordinal: number;
  readonly threads: number;
  readonly resources: Resources;
  readonly memoryBytes: number;
  /** Assigned tasks, running ones included, in the order of their arrival. */
  readonly processing = new Set<Task>();
  /** Running tasks with the time each began, in milliseconds. */
  readonly executing = new Map<Task, number>();
  /** The same as of the last heartbeat, which is all that the scheduler knows. */
  known: ReadonlyMap<Task, number> = new Map();
  drain: DrainState | undefined;
  bytes = 0;
  /** Milliseconds in which it ran at least one task, up to the last change. */
  busy = 0;
  private busySince = 0;

  constructor(ordinal: number, shape: { threads: number; resources: Resources; memoryBytes: number }) {
    this.ordinal = ordinal;
    this.threads = shape.threads;
    this.resources = shape.resources;
    this.memoryBytes = shape.memoryBytes;
  }

  /** It takes new tasks. */
  get running(): boolean {
    return this.drain === undefined;
  }

  /** Tasks for each thread. */
  get pressure(): number {
    return this.processing.size / this.threads;
  }

  /** Tasks that have not begun, the latest first. */
  get backlog(): Task[] {
    return [...this.processing].filter((task) => !this.executing.has(task)).reverse();
  }

  start(task: Task, now: number): void {
    if (this.executing.size === 0) this.busySince = now;
    this.executing.set(task, now);
  }

  stop(task: Task, now: number): void {
    this.processing.delete(task);
    if (this.executing.delete(task) && this.executing.size === 0) this.busy += now - this.busySince;
  }

  suits({ resources }: Task): boolean {
    return Object.entries(resources).every(([name, amount]) => (this.resources[name] ?? 0) >= amount);
  }

  /** Whether it could begin the task now. */
  hasRoom({ resources }: Task): boolean {
    if (this.executing.size >= this.threads) return false;
    return Object.entries(resources).every(([name, amount]) => {
      let used = 0;
      for (const task of this.executing.keys()) used += task.resources[name] ?? 0;
      return (this.resources[name] ?? 0) - used >= amount;
    });
  }
}
