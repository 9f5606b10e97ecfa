import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { POD } from '../../src/kube/resource.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { now, type Observer } from './observer.ts';

/** When things happened in one run, in milliseconds since the epoch. */
export interface Marks {
  /** The request that starts everything is about to be sent. */
  applied: number;
  /** The last of its pods exists. */
  pods: number;
  /** The scheduler accepts a connection. */
  scheduler: number;
  /** The first task begins to execute on a worker. */
  task: number;
  /** The last line of the user's code. */
  done: number;
  /** The result can be read from the API. */
  result: number;
  /** Of all that was created only the flow's own finished pod is left. */
  gone: number;
}

/** One way to run a flow on a scheduler and two workers. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  /** One run, from nothing to nothing. */
  once(): Promise<Marks>;
}

/** What the flow itself tells: Unix times in seconds. */
export const told = z.object({ task: z.number(), done: z.number() });

export const WORKERS = 2;
/** Scheduler, workers and the flow's own. */
export const PODS = 2 + WORKERS;

const started = z.object({ status: z.object({ podIP: z.string() }) });

/** When the scheduler's port first accepts a connection. `isScheduler` tells its pod; its address is taken from the watch. */
export async function schedulerAnswers(
  observer: Observer,
  isScheduler: (pod: KubeObject) => boolean,
): Promise<number> {
  const address = () =>
    observer
      .list(POD)
      .filter(isScheduler)
      .map((pod) => started.safeParse(pod).data?.status.podIP)
      .find((ip) => ip !== undefined);
  await observer.until('the scheduler has an address', () => address() !== undefined);
  const host = address() ?? '';
  for (const deadline = now() + 60_000; now() < deadline; await sleep(5)) {
    if (await accepts(host, 8786)) return now();
  }
  throw new Error(`the scheduler at ${host} accepts no connection`);
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
  });
}

export const phaseOf = (pod: KubeObject): string =>
  z.object({ status: z.object({ phase: z.string() }) }).safeParse(pod).data?.status.phase ?? '';

const terminated = z.object({
  status: z.object({
    containerStatuses: z.array(
      z.object({ state: z.object({ terminated: z.object({ exitCode: z.number(), message: z.string() }) }) }),
    ),
  }),
});

/** What the pod's only container wrote as its termination message. Throws with it when the container failed. */
export function lastWords(pod: KubeObject | undefined): string {
  const end = terminated.safeParse(pod).data?.status.containerStatuses[0]?.state.terminated;
  if (end === undefined || end.exitCode !== 0)
    throw new Error(`${pod?.metadata.name ?? 'the pod'} failed: ${end?.message ?? 'without a word'}`);
  return end.message;
}
