import { CommError } from './comm.ts';
import type { Rpc } from './rpc.ts';
import type { Sample } from './sample.ts';

/** Results are copied meanwhile. */
const RETIRE_MS = 30_000;

/** Heartbeats of a worker after which it has been told to begin nothing more, and tells so. */
const BEATS = 2;

type DrainState = NonNullable<Sample['workers'][number]['drain']>;

/** What `identity` tells of one worker. */
export interface PlainWorker {
  address: string;
  name: string;
  status: string;
  /** Tasks assigned to it, and those of them that run, as of its last heartbeat. */
  processing: number;
  running: number;
  /** When it sent that, by the scheduler's clock. */
  lastSeen: number;
}

/**
 * Lets idle workers go by what any scheduler offers, without running a task twice: first it is told to begin nothing more,
 * and when it tells that nothing runs on it, it is closed. A worker with work is refused, and stays refused until it is named
 * no more. One that has been told cannot be taken back.
 */
export class PlainDrains {
  readonly #refused = new Set<string>();
  /** Heartbeats since a worker has been told, by address. */
  readonly #told = new Map<string, { lastSeen: number; beats: number }>();

  /** One step on with those that are named, and those that cannot be taken back. How far each of them has come, by name. */
  async step(
    rpc: Rpc,
    workers: readonly PlainWorker[],
    names: readonly string[],
  ): Promise<ReadonlyMap<string, DrainState> | CommError> {
    for (const name of this.#refused) if (!names.includes(name)) this.#refused.delete(name);
    const states = new Map<string, DrainState>();
    for (const worker of workers) {
      const told = worker.status === 'closing_gracefully';
      if (!names.includes(worker.name) && !(told && this.#told.has(worker.address))) continue;
      const state = told ? await this.#close(rpc, worker) : await this.#tell(rpc, worker);
      if (state instanceof CommError) return state;
      states.set(worker.name, state);
    }
    return states;
  }

  async #tell(rpc: Rpc, worker: PlainWorker): Promise<DrainState | CommError> {
    if (worker.processing > 0) this.#refused.add(worker.name);
    if (this.#refused.has(worker.name)) return 'failed';
    const gone = await retire(rpc, worker, false);
    if (gone instanceof CommError) return gone;
    if (gone) {
      this.#told.set(worker.address, { lastSeen: worker.lastSeen, beats: 0 });
      return 'retiring';
    }
    // It holds an actor, or nobody else could take its results.
    this.#refused.add(worker.name);
    return 'failed';
  }

  async #close(rpc: Rpc, worker: PlainWorker): Promise<DrainState | CommError> {
    const { address, lastSeen, running } = worker;
    const before = this.#told.get(address) ?? { lastSeen, beats: 0 };
    const beats = before.beats + (lastSeen > before.lastSeen ? 1 : 0);
    this.#told.set(address, { lastSeen, beats });
    if (beats < BEATS) return 'retiring';
    if (running > 0) return 'executing';
    const gone = await retire(rpc, worker, true);
    return gone instanceof CommError ? gone : 'retiring';
  }
}

/** Whether the scheduler did it: it copies the worker's results to others, and with `close` removes and ends it. */
async function retire(
  rpc: Rpc,
  { address, name }: PlainWorker,
  close: boolean,
): Promise<boolean | CommError> {
  const answer = await rpc.call(
    'retire_workers',
    { names: [name], close_workers: close, remove: close },
    RETIRE_MS,
  );
  if (answer instanceof CommError) return answer.kind === 'remote' ? false : answer;
  return typeof answer === 'object' && answer !== null && address in answer;
}
