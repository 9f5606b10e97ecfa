import type { Scheduler } from './dask.ts';
import type { Events } from './events.ts';
import type { Task } from './task.ts';

export type Work = Partial<Omit<Task, 'seconds'>> & { seconds: number; count?: number };

const RESULT_BYTES = 1000;
const SCATTER_TIMEOUT_SECONDS = 30;

/** What a flow does with its cluster: waits, submits, scatters, ends. Times in seconds. */
export class Flow {
  ended = false;
  failed = false;
  /** When the last task was finished. */
  lastDone = 0;
  private readonly events: Events;
  private readonly scheduler: Scheduler;
  private readonly holds: boolean;

  constructor(events: Events, scheduler: Scheduler, holds: boolean) {
    this.events = events;
    this.scheduler = scheduler;
    this.holds = holds;
  }

  after(seconds: number, run: () => void): void {
    this.events.after(seconds * 1000, run);
  }

  /** Submits tasks at once; `done` when all are finished. Their results are held for the rest of the flow, if it holds any. */
  submit(work: readonly Work[], done: () => void = () => undefined): void {
    let left = work.reduce((sum, { count = 1 }) => sum + count, 0);
    const finished = () => {
      left -= 1;
      this.lastDone = this.events.now;
      if (left === 0) done();
    };
    if (this.holds) this.scheduler.keysWanted = true;
    const tasks = work.flatMap(
      ({ count = 1, seconds, kind = 'task', resources = {}, bytes = RESULT_BYTES }) =>
        Array.from({ length: count }, (): Task => ({
          kind,
          seconds,
          resources,
          bytes: this.holds ? bytes : 0,
          runs: 0,
          done: finished,
        })),
    );
    this.scheduler.submit(tasks);
  }

  /** Hands data to a worker. Where none comes in time, Dask raises an error, and with it the flow fails. */
  scatter(done: () => void): void {
    let answered = false;
    this.scheduler.scatter(() => {
      if (this.failed) return;
      answered = true;
      done();
    });
    this.after(SCATTER_TIMEOUT_SECONDS, () => {
      if (answered) return;
      this.failed = true;
      this.ended = true;
    });
  }

  /** The flow goes on without its cluster for a while, and ends. */
  end(afterSeconds: number): void {
    this.after(afterSeconds, () => {
      this.ended = true;
    });
  }
}
