import { adaptiveTarget, workersToClose } from './adaptive-target.ts';
import { type Cluster, createPods, type Policy } from './policy.ts';

/**
 * Dask's `Adaptive` in the flow's own process: once an interval; up at once; down by workers that were proposed
 * `wait_count` times in a row; retired without waiting for what runs on them.
 */
export const daskAdaptive: Policy = {
  name: 'Dask Adaptive',
  start(cluster) {
    const { events, scheduler, pods, adapt } = cluster;
    let counts = new Map<number, number>();
    events.every(adapt.intervalSeconds * 1000, () => {
      const wanted = adaptiveTarget(scheduler, adapt.targetSeconds);
      cluster.target = wanted;
      const target = Math.min(Math.max(wanted, adapt.minimum), adapt.maximum);
      const plan = pods.staying;
      if (target >= plan.length) {
        counts = new Map();
        createPods(cluster, target - plan.length);
        return;
      }
      const absent = plan.filter((pod) => !scheduler.workers.has(pod.ordinal)).slice(0, plan.length - target);
      const proposed = new Set(absent.map(({ ordinal }) => ordinal));
      if (target < plan.length - proposed.size) {
        for (const { ordinal } of workersToClose(scheduler, scheduler.workers.size - target))
          proposed.add(ordinal);
      }
      counts = new Map([...proposed].map((ordinal) => [ordinal, (counts.get(ordinal) ?? 0) + 1]));
      for (const [ordinal, count] of counts) {
        if (count < adapt.waitCount) continue;
        counts.delete(ordinal);
        close(cluster, ordinal);
      }
    });
  },
};

/** `retire_workers(remove=True, close_workers=True)`: refused only for the last worker that holds results. */
export function close({ scheduler, pods }: Cluster, ordinal: number): void {
  const pod = pods.staying.find((each) => each.ordinal === ordinal);
  if (pod === undefined) return;
  const worker = pod.worker;
  if (worker !== undefined) {
    worker.drain = 'retiring';
    if (!scheduler.moveResults(worker)) {
      worker.drain = undefined;
      return;
    }
  }
  pods.end(pod);
}
