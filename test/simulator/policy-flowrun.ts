import type { Load } from '../../src/core/load.ts';
import { type Refusals, withAnswer } from '../../src/core/refusals.ts';
import { scale } from '../../src/core/scale.ts';
import { remember } from '../../src/core/scale-window.ts';
import type { WorkerGroup } from '../../src/core/scaling-input.ts';
import type { Pods } from './pods.ts';
import { sample } from './sample.ts';
import type { Cluster, Policy } from './policy.ts';

/** How often the scheduler's preload looks whether to ring, and how long it rests after. */
const TICK_MS = 100;
const RING_MS = 500;

/** A pod that has waited this long for a node is known to wait. */
const STUCK_MS = 3000;

/** From the end of the last task of a retiring worker until its results are with others. */
const MOVE_MS = 200;

/** What goes wrong, by the time in seconds. */
export interface Faults {
  /** The scheduler does not answer. */
  unreachable: (seconds: number) => boolean;
  /** Retirements fail at their end. */
  refuses: (seconds: number) => boolean;
}

/** Ours: `scale`, asked each interval and whenever work arrives, doubles or ends. */
export function flowrunWith(faults: Partial<Faults>): Policy {
  return { name: 'FlowRun', start: (cluster) => new Operator(cluster, faults).start() };
}

export const flowrun: Policy = flowrunWith({});

class Operator {
  private window: readonly Load[] = [];
  private refusals: Refusals = new Map();
  private told = { workers: 0, tasks: 0, scatters: 0 };
  private rung = -RING_MS;
  private readonly cluster: Cluster;
  private readonly faults: Partial<Faults>;

  constructor(cluster: Cluster, faults: Partial<Faults>) {
    this.cluster = cluster;
    this.faults = faults;
  }

  start(): void {
    const { events, adapt } = this.cluster;
    events.every(TICK_MS, () => {
      if (this.faults.unreachable?.(events.now / 1000) === true) {
        this.window = [];
        this.decide();
        return;
      }
      const newest = this.window.at(-1)?.at ?? -Infinity;
      const rings = events.now - this.rung >= RING_MS && this.isWorthTelling();
      if (rings) this.rung = events.now;
      if (rings || events.now - newest >= adapt.intervalSeconds * 1000) this.look();
    });
  }

  private numbers() {
    const { scheduler } = this.cluster;
    return { workers: scheduler.workers.size, tasks: scheduler.tasks, scatters: scheduler.scatters.length };
  }

  private isWorthTelling(): boolean {
    const { told } = this;
    const { workers, tasks, scatters } = this.numbers();
    return (
      workers !== told.workers ||
      (tasks === 0) !== (told.tasks === 0) ||
      (told.tasks > 0 && tasks >= 2 * told.tasks) ||
      scatters > told.scatters
    );
  }

  private look(): void {
    const { scheduler, events, adapt } = this.cluster;
    this.told = this.numbers();
    const answer = sample(scheduler, events.now);
    this.refusals = withAnswer(this.refusals, this.window.at(-1), answer, adapt);
    this.window = remember(this.window, answer, adapt);
    this.decide();
  }

  private decide(): void {
    const { cluster, window, refusals } = this;
    const { events, pods, adapt, shapes } = cluster;
    const groups = groupsOf(cluster);
    const decision = scale({ now: events.now, runningSince: 0, adapt, groups, window, refusals });
    cluster.target = decision.target;
    const byOrdinal = (ordinal: number) => pods.present.find((pod) => pod.ordinal === ordinal);
    for (const ordinal of decision.giveBack) giveBack(cluster, byOrdinal(ordinal));
    for (const ordinal of decision.cancel) {
      const pod = byOrdinal(ordinal);
      if (pod !== undefined) pods.end(pod);
    }
    for (const ordinal of decision.retire) retire(cluster, byOrdinal(ordinal), this.faults);
    for (const shape of shapes) {
      for (let left = decision.add.get(shape.name) ?? 0; left > 0; left--) pods.create(shape);
    }
  }
}

function groupsOf({ events, pods, shapes }: Cluster): WorkerGroup[] {
  const present = pods.present;
  return shapes.map((shape) => {
    const members = present.filter((pod) => pod.shape === shape);
    const stuck = members.some(({ pod, created }) => pod === 'pending' && events.now - created > STUCK_MS);
    return { ...shape, members, blocked: stuck ? 'no node has room' : undefined };
  });
}

type Pod = Pods['all'][number];

/** Moves what has not begun, waits for what runs, moves the results, and ends the worker. */
function retire({ events, scheduler, pods }: Cluster, pod: Pod | undefined, faults: Partial<Faults>): void {
  const worker = pod?.worker;
  if (pod === undefined || worker === undefined) return;
  pod.leaving = true;
  worker.drain = 'moving';
  scheduler.moveBacklog(worker);
  const step = () => {
    if (!pod.leaving || worker.drain === undefined) return;
    if (worker.executing.size > 0) {
      worker.drain = 'executing';
      events.after(TICK_MS, step);
    } else if (worker.drain !== 'retiring') {
      worker.drain = 'retiring';
      events.after(MOVE_MS, step);
    } else if (faults.refuses?.(events.now / 1000) !== true && scheduler.moveResults(worker)) {
      worker.drain = 'retired';
      pods.end(pod);
    } else {
      worker.drain = 'failed';
    }
  };
  events.after(TICK_MS, step);
}

function giveBack({ scheduler }: Cluster, pod: Pod | undefined): void {
  if (pod?.worker === undefined) return;
  pod.leaving = false;
  pod.worker.drain = undefined;
  scheduler.newRoom();
}
