import { defineConfig } from 'vitest/config';

// A run waits more than it computes: a few at once, where a test says so, are quicker than one after the other.
const slow = { testTimeout: 150_000, hookTimeout: 600_000, fileParallelism: false, maxConcurrency: 3 };

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
          include: [
            'test/integration/{dask,kube}/**/*.test.ts',
            'test/integration/{api,budget,cluster,manifests}.test.ts',
          ],
        },
      },
      {
        // They share one cluster with a node, and start operators of their own.
        test: {
          ...slow,
          name: 'cluster',
          include: ['test/integration/*.test.ts', 'test/integration/executors/*.test.ts'],
          exclude: ['test/integration/{api,budget,cluster,manifests}.test.ts'],
          globalSetup: ['test/integration/setup.ts'],
        },
      },
    ],
  },
});
