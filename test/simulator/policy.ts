import type { Adapt } from '../../src/core/scaling-input.ts';
import type { Scheduler } from './dask.ts';
import type { Events } from './events.ts';
import type { Pods, Shape } from './pods.ts';

/** What a policy sees and changes. */
export interface Cluster {
  events: Events;
  scheduler: Scheduler;
  pods: Pods;
  shapes: readonly Shape[];
  adapt: Adapt;
  /** Workers that the work asks for, as the policy reckons: for the plot. */
  target: number;
}

export interface Policy {
  name: string;
  /** Plans its own events. The first worker's pod, if any, exists already. */
  start(cluster: Cluster): void;
}

/** Pods of the kinds in turn, so that a policy that knows no kinds gets each of them. */
export function createPods({ pods, shapes }: Cluster, count: number): void {
  for (let left = count; left > 0; left--) {
    const present = pods.staying;
    const share = (shape: Shape) => present.filter((pod) => pod.shape === shape).length / shape.maximum;
    const next = shapes.toSorted((a, b) => share(a) - share(b))[0];
    if (next === undefined || share(next) >= 1) return;
    pods.create(next);
  }
}
