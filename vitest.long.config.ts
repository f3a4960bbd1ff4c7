import { defineConfig } from 'vitest/config'

/** The long race and fault runs, which mostly wait: a file per core. What is measured by the clock is run by itself (`npm run test:timing`). */
export default defineConfig({
  test: {
    include: ['test/**/*.long.test.ts', 'test/**/*.timing.test.ts'],
    globalSetup: ['test/support/mongodb.ts', 'test/support/compile-cache.ts'],
    pool: 'forks',
    maxWorkers: '100%',
    testTimeout: 20 * 60_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
})
