import { defineConfig } from 'vitest/config';

// A run waits more than it computes: a few at once, where a test says so, are quicker than one after the other.
const slow = { testTimeout: 150_000, hookTimeout: 600_000, fileParallelism: false, maxConcurrency: 3 };

const ownClusters = 'test/integration/{api,budget,chaos,cluster,manifests}.test.ts';
/** They stop, pause and cut off operators as only processes of this host can be, or install charts of their own. */
const ownOperators = 'test/integration/{chart,crash,release,replicas}.test.ts';
/** They knock at pods from outside, which the host can do where the cluster is local. */
const reachPods = 'test/integration/tls.test.ts';
const inCluster = (process.env['FLOWRUN_TEST_OPERATOR'] ?? 'process') !== 'process';
const onKind = process.env['FLOWRUN_TEST_PROVIDER'] === 'kind';

/** Tests against real processes: slow, and one file at a time, so that they do not take each other's processor. */
export default defineConfig({
  test: {
    fileParallelism: false,
    projects: [
      {
        // They start what they need: Dask processes, or a control plane of their own.
        test: {
          ...slow,
          name: 'processes',
          include: ['test/integration/{dask,kube}/**/*.test.ts', ownClusters],
        },
      },
      {
        // They share one cluster with a node, and start operators of their own.
        test: {
          ...slow,
          name: 'cluster',
          include: ['test/integration/*.test.ts', 'test/integration/executors/*.test.ts'],
          exclude: [ownClusters, ...(inCluster ? [ownOperators] : []), ...(onKind ? [reachPods] : [])],
          globalSetup: ['test/integration/setup.ts'],
        },
      },
    ],
  },
});
