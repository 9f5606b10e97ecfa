import { Monitor } from '../../../src/dask/monitor.ts';
import type { Sample } from '../../../src/dask/sample.ts';
import { eventually, type Scheduler } from './processes.ts';

/** A scheduler as the operator sees it, and what the operator tells it. */
export class Followed implements AsyncDisposable {
  readonly #monitor: Monitor;
  readonly #url: string;
  readonly #intervalSeconds: number;
  /** All samples, oldest first. */
  readonly samples: Sample[] = [];

  private constructor(url: string, intervalSeconds: number) {
    this.#url = url;
    this.#intervalSeconds = intervalSeconds;
    this.#monitor = new Monitor({
      onSample: (key) => {
        const sample = this.#monitor.newest(key)?.sample;
        if (sample !== undefined) this.samples.push(sample);
      },
    });
  }

  /** Follows it once it answers; nobody is to leave yet. */
  static async start(scheduler: Scheduler, intervalSeconds = 1): Promise<Followed> {
    const followed = new Followed(scheduler.url, intervalSeconds);
    followed.drain([]);
    await eventually(() => followed.sample, 60);
    return followed;
  }

  get sample(): Sample | undefined {
    return this.#monitor.newest('run')?.sample;
  }

  worker(name: string): Sample['workers'][number] | undefined {
    return this.sample?.workers.find((worker) => worker.name === name);
  }

  drain(names: readonly string[], drainSeconds = 120): void {
    this.#monitor.track('run', {
      url: this.#url,
      uid: 'uid-1',
      attempt: 1,
      intervalSeconds: this.#intervalSeconds,
      drain: names,
      drainSeconds,
    });
  }

  /** Once the worker's drain is there; a drain that failed meanwhile is an error. */
  async reaches(name: string, state: NonNullable<Sample['workers'][number]['drain']>): Promise<void> {
    await eventually(() => {
      const { drain, drain_cause } = this.worker(name) ?? {};
      if (drain === 'failed' && state !== 'failed') throw new Error(`${name} stays: ${drain_cause}`);
      return drain === state;
    }, 60);
  }

  /** Once all are ordinary workers. */
  async works(...names: readonly string[]): Promise<void> {
    await eventually(
      () =>
        names.every((name) => {
          const worker = this.worker(name);
          return worker?.status === 'running' && worker.drain === null;
        }),
      60,
    );
  }

  /** The operator is gone: nothing is said or heard any more. */
  forget(): void {
    this.#monitor.untrack('run');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#monitor.close();
  }
}
