import { defineConfig } from 'vitest/config';

/** What takes a node of the cluster away: minutes each, most of which the control plane waits. `npm run test:outage`. */
export default defineConfig({
  test: {
    name: 'outage',
    include: ['test/outage/*.test.ts'],
    globalSetup: ['test/integration/setup.ts'],
    testTimeout: 900_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
