import { createPods, type Policy } from './policy.ts';

/** A cluster of `maximum` workers from the beginning: nothing can be faster. */
export const fixed: Policy = {
  name: 'fixed',
  start(cluster) {
    createPods(cluster, cluster.adapt.maximum - cluster.pods.staying.length);
    cluster.target = cluster.adapt.maximum;
  },
};
