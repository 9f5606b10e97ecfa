import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'src/**/*.test.ts',
      'test/cluster/**/*.test.ts',
      'test/simulator/**/*.test.ts',
      'test/support/**/*.test.ts',
      'test/bench/**/*.test.ts',
      'test/chaos/**/*.test.ts',
      'images/**/*.test.ts',
    ],
    testTimeout: 30_000,
    // By default one processor stays idle, for watching; the walks use all they get.
    maxWorkers: '100%',
  },
});
