import { defineConfig } from 'vitest/config'

/** The long race and fault runs, and what is measured by the clock: one file after the other, so that each has the machine to itself. */
export default defineConfig({
  test: {
    include: ['test/**/*.long.test.ts', 'test/**/*.timing.test.ts'],
    globalSetup: ['test/support/mongodb.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 20 * 60_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
})
