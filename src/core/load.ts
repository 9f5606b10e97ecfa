/** Where the retirement of a worker stands, as the scheduler tells it. */
export type DrainState =
  /** Its unstarted tasks are being moved to others. */
  | 'moving'
  /** What executes on it is waited for. */
  | 'executing'
  /** Its results are being copied to others. */
  | 'retiring'
  /** It holds nothing any more and closes. */
  | 'retired'
  /** Given back to the scheduler: past its deadline, or nobody could take its results. */
  | 'failed';

/** One connected worker in one answer of the scheduler. */
export interface WorkerLoad {
  threads: number;
  /** `running` or `paused`: it works, or will when it has memory again. False while it starts or closes. */
  working: boolean;
  /** It has no memory for another task at present. */
  paused: boolean;
  /** Tasks assigned to it: running ones and its backlog. */
  processing: number;
  executing: number;
  /** Seceded tasks: they hold no thread, but die with the worker. */
  longRunning: number;
  /** Never a victim: it holds an actor, unfinished tasks are bound to it or its host, or a scheduler plugin vetoes. */
  pinned: boolean;
  /** Bytes of results it holds. */
  bytes: number;
  /** 0: no limit. */
  memoryLimitBytes: number;
  drain: DrainState | undefined;
}

/** Unfinished runnable tasks, running ones included, that demand the same of a worker. */
export interface Demand {
  /** Dask's abstract resources; `{}`: any worker will do. */
  resources: Readonly<Record<string, number>>;
  tasks: number;
  /** Of `tasks`, those of a kind that has never finished: how long they take is not known. */
  unknown: number;
  /** Seconds of work left, by the durations learnt so far. */
  seconds: number;
}

/** One answer of the scheduler, reduced to what scaling reads. */
export interface Load {
  /** When it arrived, in milliseconds since the epoch. */
  at: number;
  demand: readonly Demand[];
  /** A client holds futures: with no worker left, their results would be lost. */
  keysWanted: boolean;
  /** Calls of `scatter` and the like that wait for a first worker. */
  scattersWaiting: number;
  /** Tasks finished so far, failed ones included. */
  finished: number;
  /** The flow's client has been connected; true where nobody can tell. */
  flowSeen: boolean;
  /** Seconds since there was last something to do, or the flow's client came; 0 while there is. */
  idleSeconds: number;
  /** By ordinal. */
  workers: ReadonlyMap<number, WorkerLoad>;
}
