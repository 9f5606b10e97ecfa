import type { Scheduler } from './dask.ts';
import { occupancy } from './stealing.ts';
import type { SimulatedWorker } from './task.ts';

/** Results may fill this part of all memory before Dask asks for twice the workers. */
const MEMORY_FILL = 0.6;

/** Memory of those that stay, over what is held, that Dask keeps when it names idle workers itself. */
const MEMORY_RATIO = 2;

/** The scheduler's own `adaptive_target`, by the rules of 2023.8 and later. */
export function adaptiveTarget(scheduler: Scheduler, targetSeconds: number): number {
  const workers = [...scheduler.workers.values()];
  const ready = [...scheduler.queued, ...scheduler.unrunnable];
  const looked = ready.slice(0, 100);
  const waiting =
    looked.reduce((sum, { kind }) => sum + scheduler.durations.expected(kind), 0) *
    Math.max(1, ready.length / 100);
  const given = workers.reduce((sum, worker) => sum + occupancy(worker, scheduler.durations), 0);
  let cpu = Math.min(Math.ceil((given + waiting) / targetSeconds), scheduler.tasks);
  const threads = workers.reduce((sum, worker) => sum + worker.threads, 0);
  if (threads > 0) cpu = Math.ceil((cpu / threads) * workers.length);
  else if (ready.length > 0) cpu = Math.max(1, cpu);
  const memory = workers.reduce((sum, worker) => sum + worker.memoryBytes, 0);
  const held = workers.reduce((sum, worker) => sum + worker.bytes, 0);
  const target = Math.max(cpu, memory > 0 && held > MEMORY_FILL * memory ? 2 * workers.length : 0);
  return target >= workers.length ? target : workers.length - idleToClose(scheduler).length;
}

/** `workers_to_close` without a number: idle workers, as far as the rest has memory. */
function idleToClose({ workers }: Scheduler): SimulatedWorker[] {
  const held = [...workers.values()].reduce((sum, worker) => sum + worker.bytes, 0);
  let memory = [...workers.values()].reduce((sum, worker) => sum + worker.memoryBytes, 0);
  const idle = [...workers.values()]
    .filter((worker) => worker.processing.size === 0)
    .toSorted((a, b) => a.bytes - b.bytes);
  const closing: SimulatedWorker[] = [];
  for (const worker of idle) {
    memory -= worker.memoryBytes;
    if (memory < MEMORY_RATIO * held) break;
    closing.push(worker);
  }
  return closing;
}

/** `workers_to_close(n=count)`: idle ones first, then busy ones too. */
export function workersToClose({ workers }: Scheduler, count: number): SimulatedWorker[] {
  return [...workers.values()]
    .toSorted((a, b) => Math.sign(a.processing.size) - Math.sign(b.processing.size) || a.bytes - b.bytes)
    .slice(0, Math.max(0, count));
}
