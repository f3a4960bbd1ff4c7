import { defineConfig } from 'vitest/config'

/** The long race and fault runs: one file after the other, so that racing processes have the machine to themselves. */
export default defineConfig({
  test: {
    include: ['test/**/*.long.test.ts'],
    globalSetup: ['test/support/mongodb.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 20 * 60_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
})
