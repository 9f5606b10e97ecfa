import type { DrainState, Load, WorkerLoad } from '../core/load.ts';
import type { Sample } from '../dask/sample.ts';

const WORKING: ReadonlySet<string> = new Set(['running', 'paused']);

/** One answer of the scheduler, as scaling reads it. Workers are known by `prefix` and ordinal; others are strangers. */
export function loadOf(sample: Sample, at: number, prefix: string): Load {
  const workers = new Map<number, WorkerLoad>();
  for (const worker of sample.workers) {
    const ordinal = ordinalOf(worker.name, prefix);
    if (ordinal === undefined) continue;
    workers.set(ordinal, {
      threads: worker.nthreads,
      working: WORKING.has(worker.status),
      paused: worker.status === 'paused',
      processing: worker.processing,
      executing: worker.executing,
      longRunning: worker.long_running,
      // Without the preload nobody with work can be retired.
      pinned: worker.pinned || (sample.fallback && worker.processing > 0),
      bytes: worker.nbytes,
      memoryLimitBytes: worker.memory_limit,
      drain: drainState(worker.drain),
    });
  }
  return {
    at,
    demand: sample.demand,
    keysWanted: sample.keys_wanted,
    scattersWaiting: sample.scatters_waiting,
    finished: sample.tasks.finished + sample.tasks.failed,
    // The client of a flow is known by its name to the preload alone.
    flowSeen: sample.launcher_seen || sample.fallback,
    idleSeconds: sample.idle_seconds,
    workers,
  };
}

/** Of a worker with this name; undefined for a stranger. */
export function ordinalOf(name: string, prefix: string): number | undefined {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^\d{1,10}$/.test(rest) ? Number(rest) : undefined;
}

const STATES: readonly DrainState[] = ['moving', 'executing', 'retiring', 'retired', 'failed'];

function drainState(text: string | null): DrainState | undefined {
  return STATES.find((state) => state === text);
}
