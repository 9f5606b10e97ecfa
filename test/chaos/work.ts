import { NO_TASKS } from '../support/no-tasks.ts';

/** Most workers of the adaptive scenario. */
export const MAXIMUM = 3;

/** A worker that runs a task and must not be deleted from `from` to `until`: milliseconds, as `performance.now` has them. */
export interface Hold {
  readonly worker: string;
  readonly from: number;
  until: number;
}

/**
 * The tasks of one attempt on an adaptive cluster: as many as its maximum can run at once, and when that many workers have been there, one
 * more, which ends once the cluster has shrunk to the worker that runs it.
 */
export class Work {
  readonly holds: Hold[] = [];
  /** Most workers that have been there at once. */
  most = 0;
  readonly #retired = new Set<string>();
  #running: readonly string[] = [];
  #asked: readonly string[] = [];
  #holder: Hold | undefined;
  #wide = true;
  #done = false;

  /** `existing`: names of all workers whose pods have not ended; `running`: of those whose processes have begun. */
  look(existing: readonly string[], running: readonly string[]): void {
    this.most = Math.max(this.most, existing.length);
    this.#running = running;
    if (running.length >= MAXIMUM) this.#wide = false;
    if (this.#holder !== undefined && !running.includes(this.#holder.worker)) this.#letGo();
    if (this.#wide || this.#done || this.#holder !== undefined) return;
    const first = this.#present.find((name) => !this.#asked.includes(name)) ?? this.#present[0];
    if (first === undefined) return;
    this.#holder = { worker: first, from: performance.now(), until: Infinity };
    this.holds.push(this.#holder);
  }

  /** All workers that shall leave. @returns those that have nothing to do and now do so. */
  retire(names: readonly string[]): string[] {
    this.#asked = names;
    const leaving = this.#present.filter((name) => names.includes(name) && !this.#runs(name));
    for (const name of leaving) this.#retired.add(name);
    return leaving;
  }

  /**
   * Whether the last task may end. One that got its worker when another had died may be on one that was already to leave, which waits
   * for its end.
   */
  get ready(): boolean {
    if (this.#holder === undefined) return false;
    return this.#running.length === 1 || this.#asked.includes(this.#holder.worker);
  }

  /** The last task has ended, or nobody waits for it any more. */
  end(): void {
    this.#done = true;
    this.#letGo();
  }

  /** What a sample says of it. */
  get picture(): object {
    const tasks = this.#done ? 0 : this.#wide ? MAXIMUM : 1;
    return {
      workers: [
        ...this.#present.map((name) => worker(name, this.#runs(name) ? 1 : 0)),
        ...[...this.#retired].map((name) => ({ ...worker(name, 0), status: 'closed', drain: 'retired' })),
      ],
      workers_total: this.#present.length,
      tasks: { ...NO_TASKS, processing: tasks, total: MAXIMUM + 1, finished: MAXIMUM + 1 - tasks },
      demand: tasks === 0 ? [] : [{ resources: {}, tasks, unknown: this.#wide ? tasks : 0, seconds: tasks }],
    };
  }

  #letGo(): void {
    if (this.#holder !== undefined) this.#holder.until = performance.now();
    this.#holder = undefined;
  }

  get #present(): string[] {
    return this.#running.filter((name) => !this.#retired.has(name));
  }

  #runs(name: string): boolean {
    return this.#wide || name === this.#holder?.worker;
  }
}

/** What a sample says of a worker that has so many tasks. */
export const worker = (name: string, processing: number) => ({
  name,
  address: 'tcp://127.0.0.1:1',
  nthreads: 1,
  processing,
  executing: processing,
  status: 'running',
});
