import { z } from 'zod';

/** Work that grows and ends, measured from inside by the client that hands it in: the same code for every adaptive cluster. */
export const WORK = `import time
from distributed import wait

def nap(number, seconds):
    from distributed import get_worker
    began = time.time()
    time.sleep(seconds)
    return get_worker().name, began

def until(holds, seconds=900):
    deadline = time.time() + seconds
    while not holds():
        if time.time() > deadline:
            raise TimeoutError("the cluster did not come to the wanted size")
        time.sleep(0.05)

def measure(client, minimum, tasks, seconds, hold):
    """Hands in the tasks to an idle cluster, waits for them, then for the cluster to shrink to its minimum."""
    if minimum > 0:
        until(lambda: len(client.nthreads()) == minimum)
        time.sleep(5)
    before = {str(worker["name"]) for worker in client.scheduler_info()["workers"].values()}
    arrives = time.time()
    futures = client.map(nap, range(tasks), seconds=seconds, pure=False)
    wait(futures)
    worked = time.time()
    results = client.gather(futures)
    if not hold:
        client.cancel(futures)
        futures = []
    until(lambda: len(client.nthreads()) == minimum)
    shrunk = time.time()
    results = client.gather(futures) if hold else results
    return {
        "arrives": arrives,
        "task": min(began for name, began in results if str(name) not in before),
        "worked": worked,
        "shrunk": shrunk,
        "recomputed": sum(began > worked for _, began in results),
    }
`;

/** Unix times in seconds. */
export const worked = z.object({
  arrives: z.number(),
  /** The first task on a worker that was not there before. */
  task: z.number(),
  worked: z.number(),
  shrunk: z.number(),
  /** Tasks that ran again after all were done. */
  recomputed: z.number(),
});

/** How an adaptive cluster is used. One thread a worker. */
export interface Load {
  minimum: number;
  maximum: number;
  tasks: number;
  /** Of each task. */
  seconds: number;
  /** The client keeps the results while the cluster shrinks. */
  hold: boolean;
}

/** What was seen of it, in milliseconds since the epoch. */
export interface Scaled extends z.infer<typeof worked> {
  /** When the first and the last new worker pod existed; without pods undefined. */
  pods?: { first: number; all: number };
}

export const python = ({ minimum, tasks, seconds, hold }: Load) =>
  `minimum=${minimum}, tasks=${tasks}, seconds=${seconds}, hold=${hold ? 'True' : 'False'}`;

export function inMilliseconds(told: z.infer<typeof worked>, pods?: Scaled['pods']): Scaled {
  const { recomputed, ...times } = told;
  const scaled = Object.fromEntries(Object.entries(times).map(([name, at]) => [name, at * 1000]));
  return { ...worked.parse({ ...scaled, recomputed }), ...(pods === undefined ? {} : { pods }) };
}
