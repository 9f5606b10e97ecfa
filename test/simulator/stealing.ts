import type { Durations } from './durations.ts';
import type { SimulatedWorker, Task } from './task.ts';

interface Move {
  task: Task;
  from: SimulatedWorker;
  to: SimulatedWorker;
}

/**
 * One round of work stealing, without the cost of moving data: tasks that have not begun go from busy workers to idle
 * ones until these are no longer idle. What new workers get is therefore little at a time, as in Dask.
 */
export function balance(workers: readonly SimulatedWorker[], durations: Durations): Move[] {
  const load = new Map(
    workers.map((worker) => [
      worker,
      { tasks: worker.processing.size, seconds: occupancy(worker, durations) },
    ]),
  );
  const threads = workers.reduce((sum, worker) => sum + worker.threads, 0);
  const average = workers.reduce((sum, worker) => sum + load.get(worker)!.seconds, 0) / Math.max(1, threads);
  const isIdle = (worker: SimulatedWorker) => {
    const { tasks, seconds } = load.get(worker)!;
    return worker.running && (tasks < worker.threads || seconds < (worker.threads * average) / 2);
  };
  const moves: Move[] = [];
  const busiest = workers
    .filter((worker) => worker.processing.size > worker.threads && !isIdle(worker))
    .toSorted((a, b) => load.get(b)!.seconds - load.get(a)!.seconds);
  for (const from of busiest) {
    for (const task of from.backlog.reverse()) {
      const to = workers
        .filter((worker) => isIdle(worker) && worker.suits(task))
        .toSorted((a, b) => load.get(a)!.seconds - load.get(b)!.seconds)[0];
      if (to === undefined) continue;
      const seconds = durations.expected(task.kind);
      if (load.get(to)!.seconds + seconds > load.get(from)!.seconds - seconds / 2) continue;
      moves.push({ task, from, to });
      load.get(from)!.tasks -= 1;
      load.get(from)!.seconds -= seconds;
      load.get(to)!.tasks += 1;
      load.get(to)!.seconds += seconds;
    }
  }
  return moves;
}

/** Seconds of work that a worker has been given, by what is known of durations. */
export function occupancy(worker: SimulatedWorker, durations: Durations): number {
  let seconds = 0;
  for (const task of worker.processing) seconds += durations.expected(task.kind);
  return seconds;
}
