import { adaptiveTarget, workersToClose } from './adaptive-target.ts';
import { close } from './policy-dask.ts';
import { type Cluster, createPods, type Policy } from './policy.ts';

const TIMER_MS = 5000;
const COOL_DOWN_MS = 15_000;
const MAXIMUM_REMOVED = 0.25;

/** The timer runs since some time before the flow begins: on average half of it is over. */
const PHASE_MS = TIMER_MS / 2;

/**
 * dask-kubernetes' autoscaler, with its scheduler's HTTP API on, so that it takes away the workers it means to: every
 * five seconds, not within fifteen of its last change, and at most a quarter of the workers at once.
 */
export const daskKubernetes: Policy = {
  name: 'dask-kubernetes',
  start(cluster) {
    const { events, adapt, scheduler, pods } = cluster;
    let asked = pods.staying.length;
    let coolUntil = 0;
    const look = () => {
      if (events.now < coolUntil) return;
      const wanted = adaptiveTarget(scheduler, adapt.targetSeconds);
      cluster.target = wanted;
      const clamped = Math.min(Math.max(wanted, adapt.minimum), adapt.maximum);
      const target = Math.max(clamped, asked - Math.max(1, Math.floor(asked * MAXIMUM_REMOVED)));
      if (target === asked) return;
      coolUntil = events.now + COOL_DOWN_MS;
      if (target > asked) createPods(cluster, target - asked);
      else remove(cluster, asked - target);
      asked = target;
    };
    events.after(PHASE_MS, () => {
      look();
      events.every(TIMER_MS, look);
    });
  },
};

function remove(cluster: Cluster, count: number): void {
  for (const { ordinal } of workersToClose(cluster.scheduler, count)) close(cluster, ordinal);
}
