import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.long.test.ts', 'test/**/*.timing.test.ts'],
    globalSetup: ['test/support/mongodb.ts', 'test/support/compile-cache.ts'],
    pool: 'forks',
    // Nothing is mocked, and no module keeps what another file could trip over: what a process has loaded and compiled serves all its files.
    isolate: false,
    // One per core; vitest would leave one idle, and much of the time goes into waiting.
    maxWorkers: '100%',
    // Whole processes are started, killed and started again, on machines that have other things to do.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Of a busy machine nothing is expected within a second.
    expect: { poll: { timeout: 20_000 } },
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
})
