import { Scheduler } from './dask.ts';
import { Durations } from './durations.ts';
import { Events } from './events.ts';
import { Flow } from './flow.ts';
import { Pods } from './pods.ts';
import type { Cluster, Policy } from './policy.ts';
import type { Trace } from './traces.ts';

const LIMIT_MS = 3_600_000;
const POINT_MS = 250;

/** One instant for the plot. */
export interface Point {
  seconds: number;
  /** Unfinished runnable tasks. */
  tasks: number;
  /** Workers that the work asks for, before limits. */
  target: number;
  /** Workers that are meant to stay, whether or not they have joined. */
  size: number;
  /** Workers that have joined, retiring ones included. */
  joined: number;
}

export interface Outcome {
  policy: string;
  trace: string;
  /** Until the last task was finished, in seconds; infinite when the flow failed. */
  makespan: number;
  /** Of all pods, from their creation to their end, in seconds. */
  workerSeconds: number;
  /** Of these, seconds in which a worker ran at least one task. */
  busySeconds: number;
  /** Pods created. */
  started: number;
  most: number;
  /** Tasks that ran on a worker that was taken away, and had to begin again. */
  restarted: number;
  /** How often the size went the other way than before. */
  turns: number;
  points: readonly Point[];
}

/** Plays the trace under the policy, in virtual time, on nodes that hold `room` pods; the same every time. */
export function simulate(trace: Trace, policy: Policy, room = Infinity): Outcome {
  const events = new Events();
  const scheduler = new Scheduler(events, new Durations());
  const pods = new Pods(events, scheduler, room);
  const flow = new Flow(events, scheduler, trace.holds);
  const cluster: Cluster = {
    events,
    scheduler,
    pods,
    shapes: trace.shapes,
    adapt: trace.adapt,
    target: 0,
  };
  const [first] = trace.shapes;
  // An adaptive cluster begins with one worker, whatever its minimum.
  if (first !== undefined) pods.create(first);
  trace.run(flow);
  policy.start(cluster);
  const points: Point[] = [];
  const sizes = new Sizes();
  events.every(POINT_MS / 10, () => sizes.see(pods.staying.length));
  const look = () =>
    points.push({
      seconds: events.now / 1000,
      tasks: scheduler.tasks,
      target: cluster.target,
      size: pods.staying.length,
      joined: scheduler.workers.size,
    });
  look();
  events.every(POINT_MS, look);
  events.run(() => flow.ended, LIMIT_MS);
  return {
    policy: policy.name,
    trace: trace.name,
    makespan: flow.failed ? Infinity : flow.lastDone / 1000,
    workerSeconds: pods.seconds,
    busySeconds: pods.busySeconds,
    started: pods.all.length,
    most: sizes.most,
    restarted: scheduler.restarted,
    turns: sizes.turns,
    points,
  };
}

/** Counts the changes of direction. */
class Sizes {
  turns = 0;
  most = 0;
  private last: number | undefined;
  private direction = 0;

  see(size: number): void {
    const change = Math.sign(size - (this.last ?? size));
    if (change !== 0 && this.direction !== 0 && change !== this.direction) this.turns += 1;
    if (change !== 0) this.direction = change;
    this.last = size;
    this.most = Math.max(this.most, size);
  }
}
