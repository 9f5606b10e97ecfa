import type { Demand, Load, WorkerLoad } from '../../src/core/load.ts';
import type { Scheduler } from './dask.ts';
import type { Task } from './task.ts';

/** What the scheduler's preload tells the operator, as the operator reduces it. */
export function sample(scheduler: Scheduler, now: number): Load {
  return {
    at: now,
    demand: demand(scheduler, now),
    keysWanted: scheduler.keysWanted,
    scattersWaiting: scheduler.scatters.length,
    finished: scheduler.finished,
    idleSeconds: scheduler.tasks > 0 ? 0 : (now - scheduler.idleSince) / 1000,
    workers: new Map(
      [...scheduler.workers].map(([ordinal, worker]): [number, WorkerLoad] => [
        ordinal,
        {
          threads: worker.threads,
          working: worker.running,
          paused: false,
          processing: worker.processing.size,
          executing: worker.known.size,
          longRunning: 0,
          pinned: false,
          bytes: worker.bytes,
          memoryLimitBytes: worker.memoryBytes,
          drain: worker.drain,
        },
      ]),
    ),
  };
}

function demand({ queued, unrunnable, workers, durations }: Scheduler, now: number): Demand[] {
  const rows = new Map<
    string,
    { resources: Task['resources']; tasks: number; unknown: number; seconds: number }
  >();
  const add = ({ kind, resources }: Task, elapsed: number) => {
    const key = JSON.stringify(resources);
    let row = rows.get(key);
    if (row === undefined) rows.set(key, (row = { resources, tasks: 0, unknown: 0, seconds: 0 }));
    const expected = durations.expected(kind);
    row.tasks += 1;
    row.unknown += durations.isKnown(kind) ? 0 : 1;
    row.seconds += expected - Math.min(expected, elapsed);
  };
  for (const task of queued) add(task, 0);
  for (const task of unrunnable) add(task, 0);
  for (const { processing, known } of workers.values()) {
    for (const task of processing) {
      const start = known.get(task);
      add(task, start === undefined ? 0 : (now - start) / 1000);
    }
  }
  return [...rows.values()];
}
