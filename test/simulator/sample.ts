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
    flowSeen: true,
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
  const add = ({ kind, resources }: Task, elapsed = 0) => {
    const key = JSON.stringify(resources);
    let row = rows.get(key);
    if (row === undefined) rows.set(key, (row = { resources, tasks: 0, unknown: 0, seconds: 0 }));
    const expected = durations.expected(kind);
    row.tasks += 1;
    row.unknown += durations.isKnown(kind) ? 0 : 1;
    // One that outlives its expectation goes on the longer, the longer it has run.
    row.seconds += Math.max(expected - elapsed, elapsed / 4);
  };
  for (const task of queued) add(task);
  for (const task of unrunnable) add(task);
  for (const { processing, known, running } of workers.values()) {
    for (const task of processing) {
      const start = known.get(task);
      if (start === undefined) add(task);
      // What runs on a worker that leaves ends there, and needs no other.
      else if (running) add(task, (now - start) / 1000);
    }
  }
  return [...rows.values()];
}
