/** Settings in a folder of each test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config.ts'

export const root = resolve(import.meta.dirname, '../..')
export const key = 'Zq3x1yB8Vw0nKfTj5mLrXc7aGh2EdPu9sQiOoWvHkYU'

/** Another one for each test, where `useFolder` was called. */
export let cwd: string

export function useFolder(): void {
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'signet-config-'))
  })
  afterEach(() => {
    rmSync(cwd, { recursive: true })
  })
}

export function write(name: string, text: string): string {
  writeFileSync(join(cwd, name), text)
  return name
}

export function load(env: NodeJS.ProcessEnv = {}) {
  return loadConfig({ env, cwd })
}

/** The lines of the message that refuses these settings. */
export function refusal(env: NodeJS.ProcessEnv): string {
  try {
    load(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

export const production = {
  SIGNET_CONFIG: join(root, 'config/default.yaml'),
  SIGNET_ISSUER: 'https://id.example.com',
  SIGNET_MASTER_KEY: key,
  SIGNET_MAIL__URL: 'smtps://mail.example.com',
  SIGNET_MAIL__FROM: 'id@example.com',
}
