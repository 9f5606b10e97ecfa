import type { Durations } from './durations.ts';
import type { Events } from './events.ts';
import { balance } from './stealing.ts';
import type { SimulatedWorker, Task } from './task.ts';

/** Tasks that the scheduler gives a worker beyond its threads, as a factor (`worker-saturation`). */
const SATURATION = 1.1;
const HEARTBEAT_MS = 500;
const STEAL_MS = 1000;

/**
 * The parts of Dask's scheduler that scaling depends on. Plain tasks wait in a queue until a worker has room; tasks
 * that demand resources go to a matching worker at once, however many wait there, and are stolen by idle ones later.
 * What workers are doing is known as of their last heartbeat. Durations are learnt.
 */
export class Scheduler {
  readonly workers = new Map<number, SimulatedWorker>();
  readonly durations: Durations;
  queued: Task[] = [];
  readonly unrunnable = new Set<Task>();
  /** Calls of `scatter` that wait for a worker. */
  scatters: (() => void)[] = [];
  keysWanted = false;
  finished = 0;
  /** Tasks that were running on a worker that was taken away: they begin again. */
  restarted = 0;
  /** Since when there is nothing to do. */
  idleSince = 0;
  private readonly events: Events;

  constructor(events: Events, durations: Durations) {
    this.events = events;
    this.durations = durations;
    events.every(HEARTBEAT_MS, () => this.heartbeat());
    events.every(STEAL_MS, () => this.steal());
  }

  get tasks(): number {
    let processing = 0;
    for (const worker of this.workers.values()) processing += worker.processing.size;
    return this.queued.length + this.unrunnable.size + processing;
  }

  submit(tasks: readonly Task[]): void {
    for (const task of tasks) this.place(task);
    this.assign();
  }

  scatter(done: () => void): void {
    if ([...this.workers.values()].some((worker) => worker.running)) done();
    else this.scatters.push(done);
  }

  join(worker: SimulatedWorker): void {
    this.workers.set(worker.ordinal, worker);
    this.newRoom();
  }

  /** Takes a worker away at once: its tasks begin again elsewhere, its results are lost. */
  remove(worker: SimulatedWorker): void {
    this.workers.delete(worker.ordinal);
    this.restarted += worker.executing.size;
    const tasks = [...worker.processing];
    for (const task of tasks) worker.stop(task, this.events.now);
    this.submit(tasks);
  }

  /** Tasks that a worker has not begun go to others, as far as there are any that can take them. */
  moveBacklog(worker: SimulatedWorker): void {
    const others = [...this.workers.values()].filter((other) => other.running);
    const movable = worker.backlog.filter((task) => others.some((other) => other.suits(task))).reverse();
    for (const task of movable) worker.processing.delete(task);
    const plain = movable.filter((task) => isPlain(task));
    this.queued = [...plain, ...this.queued];
    this.submit(movable.filter((task) => !isPlain(task)));
  }

  /** Results of one worker are copied to the others, evenly; false when there is no other. */
  moveResults(worker: SimulatedWorker): boolean {
    const others = [...this.workers.values()].filter((other) => other.running && other !== worker);
    if (worker.bytes > 0 && others.length === 0) return false;
    for (const other of others) other.bytes += worker.bytes / others.length;
    worker.bytes = 0;
    return true;
  }

  /** A worker takes tasks again. */
  newRoom(): void {
    const waiting = [...this.unrunnable];
    this.unrunnable.clear();
    this.submit(waiting);
    if (![...this.workers.values()].some((worker) => worker.running)) return;
    const scatters = this.scatters;
    this.scatters = [];
    for (const done of scatters) done();
  }

  private place(task: Task): void {
    if (isPlain(task)) {
      this.queued.push(task);
      return;
    }
    let best: SimulatedWorker | undefined;
    for (const worker of this.workers.values()) {
      if (!worker.running || !worker.suits(task)) continue;
      if (best === undefined || worker.pressure < best.pressure) best = worker;
    }
    if (best === undefined) this.unrunnable.add(task);
    else this.give(task, best);
  }

  private assign(): void {
    let taken = 0;
    for (const task of this.queued) {
      let best: SimulatedWorker | undefined;
      for (const worker of this.workers.values()) {
        if (!worker.running || worker.processing.size >= Math.ceil(worker.threads * SATURATION)) continue;
        if (best === undefined || worker.pressure < best.pressure) best = worker;
      }
      if (best === undefined) break;
      this.give(task, best);
      taken += 1;
    }
    if (taken > 0) this.queued = this.queued.slice(taken);
  }

  private give(task: Task, worker: SimulatedWorker): void {
    worker.processing.add(task);
    this.begin(worker);
  }

  private begin(worker: SimulatedWorker): void {
    for (const task of worker.processing) {
      if (worker.executing.size >= worker.threads) return;
      if (worker.executing.has(task) || !worker.hasRoom(task)) continue;
      task.runs += 1;
      const start = this.events.now;
      worker.start(task, start);
      this.events.after(task.seconds * 1000, () => {
        // It may have been taken away, or begun anew, in the meantime.
        if (worker.executing.get(task) === start) this.finish(task, worker);
      });
    }
  }

  private finish(task: Task, worker: SimulatedWorker): void {
    worker.stop(task, this.events.now);
    worker.bytes += task.bytes;
    this.finished += 1;
    this.durations.finished(task.kind, task.seconds);
    task.done();
    this.assign();
    this.begin(worker);
    if (this.tasks === 0) this.idleSince = this.events.now;
  }

  private heartbeat(): void {
    for (const worker of this.workers.values()) {
      worker.known = new Map(worker.executing);
      for (const [task, start] of worker.executing) {
        this.durations.running(task.kind, (this.events.now - start) / 1000);
      }
    }
  }

  private steal(): void {
    for (const { task, from, to } of balance([...this.workers.values()], this.durations)) {
      if (from.executing.has(task) || !from.processing.delete(task)) continue;
      this.give(task, to);
    }
  }
}

export function isPlain({ resources }: Task): boolean {
  return Object.keys(resources).length === 0;
}
