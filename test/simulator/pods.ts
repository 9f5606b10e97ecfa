import type { Member, WorkerGroup } from '../../src/core/scaling-input.ts';
import type { Scheduler } from './dask.ts';
import type { Events } from './events.ts';
import { SimulatedWorker } from './task.ts';

/** From the creation of a pod until its worker has joined, and the part of it until its container runs. */
export const POD_START_MS = 2000;
const CONTAINER_START_MS = 1200;

/** From one look for room to the next. */
const SCHEDULE_MS = 500;

/** From the end of a worker's process on the scheduler until its pod is gone. */
const EXIT_MS = 700;

/** One kind of worker: its shape and limits. */
export type Shape = Omit<WorkerGroup, 'members' | 'blocked'>;

interface Pod extends Member {
  shape: Shape;
  created: number;
  /** A node has room for it. */
  scheduled: boolean;
  gone: number | undefined;
  worker: SimulatedWorker | undefined;
}

/** The pods of all workers there ever were. */
export class Pods {
  readonly all: Pod[] = [];
  private readonly events: Events;
  private readonly scheduler: Scheduler;
  private readonly room: number;

  /** `room`: how many pods the nodes can hold. */
  constructor(events: Events, scheduler: Scheduler, room: number) {
    this.room = room;
    this.events = events;
    this.scheduler = scheduler;
  }

  /** Pods that exist, those of retiring workers included. */
  get present(): Pod[] {
    return this.all.filter(({ gone }) => gone === undefined);
  }

  /** Pods whose workers are meant to stay. */
  get staying(): Pod[] {
    return this.present.filter(({ leaving }) => !leaving);
  }

  private get running(): number {
    return this.present.filter(({ scheduled }) => scheduled).length;
  }

  create(shape: Shape): void {
    const pod: Pod = {
      scheduled: false,
      ordinal: this.all.length,
      pod: 'pending',
      leaving: false,
      shape,
      created: this.events.now,
      gone: undefined,
      worker: undefined,
    };
    this.all.push(pod);
    this.schedule(pod);
  }

  /** A pod starts when a node has room for it, and waits for that otherwise. */
  private schedule(pod: Pod): void {
    if (pod.gone !== undefined) return;
    if (this.running >= this.room) {
      this.events.after(SCHEDULE_MS, () => this.schedule(pod));
      return;
    }
    pod.scheduled = true;
    this.events.after(CONTAINER_START_MS, () => {
      pod.pod = 'started';
    });
    this.events.after(POD_START_MS, () => {
      if (pod.gone !== undefined) return;
      pod.worker = new SimulatedWorker(pod.ordinal, {
        ...pod.shape,
        memoryBytes: pod.shape.memoryBytes ?? 0,
      });
      this.scheduler.join(pod.worker);
    });
  }

  /** Deletes a pod that has not joined; one that has is let go when its worker ends. */
  cancel(pod: Pod): void {
    pod.gone = this.events.now;
  }

  /** The worker leaves the scheduler, and its pod ends. */
  end(pod: Pod): void {
    if (pod.worker === undefined) {
      this.cancel(pod);
      return;
    }
    pod.leaving = true;
    this.scheduler.remove(pod.worker);
    this.events.after(EXIT_MS, () => {
      pod.gone = this.events.now;
    });
  }

  /** Seconds from the creation of each pod to its end. */
  get seconds(): number {
    return this.all.reduce((sum, pod) => sum + ((pod.gone ?? this.events.now) - pod.created) / 1000, 0);
  }

  /** Seconds in which workers ran at least one task. */
  get busySeconds(): number {
    return this.all.reduce((sum, { worker }) => sum + (worker?.busy ?? 0) / 1000, 0);
  }
}
