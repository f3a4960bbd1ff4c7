/**
 * As vitest's global set-up: processes that tests start, by the hundred, keep what Node compiles in one place,
 * so that only the first one of a kind compiles it.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function setup(): void {
  process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache')
}
