import { defineConfig } from 'vitest/config';

/** Tests against real processes: slow, and one file at a time, so that they do not take each other's processor. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
