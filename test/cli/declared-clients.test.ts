import { rm } from 'node:fs/promises'
import { afterEach, expect, it } from 'vitest'
import { run, type Toolbox } from '../../src/cli/index.ts'
import { loadConfig } from '../../src/config.ts'
import { compose } from '../../src/house/index.ts'
import { createLogger } from '../../src/log.ts'
import { settings } from '../support/signet.ts'
import { freshSqlite } from '../support/stores.ts'

const undo: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0)) await step()
})

/** The command line on a store of its own, with the demo application built in. */
async function openCommandLine() {
  const store = await freshSqlite()
  const { env, folder } = await settings({ storage: store.url })
  undo.push(store.drop, () => rm(folder, { recursive: true, force: true }))
  const toolbox = {
    async openServices() {
      const house = await compose(loadConfig({ env, cwd: folder }), {
        log: createLogger({ level: 'silent' }),
      })
      return { ...house, keys: house.oidc.keys }
    },
  } as unknown as Toolbox
  return async (...words: string[]) => {
    const said = { written: '', warned: '' }
    const code = await run(words, toolbox, {
      write(text) {
        said.written += text
      },
      warn(text) {
        said.warned += text
      },
      readInput: async () => '',
    })
    return { code, ...said }
  }
}

it('S39: never says that a client was stopped, removed or changed that only the configuration can change', async () => {
  const signet = await openCommandLine()
  for (const words of [
    ['client', 'update', 'signet-demo', '--disable'],
    ['client', 'update', 'signet-demo', '--name', 'Other'],
    ['client', 'remove', 'signet-demo'],
    ['client', 'secret', 'add', 'signet-demo'],
    ['client', 'secret', 'remove', 'signet-demo', 'built-in'],
  ]) {
    const { code, written, warned } = await signet(...words)
    expect({ words, code, written }).toEqual({ words, code: 1, written: '' })
    expect(warned).toMatch(/declared in the configuration or built in/)
  }
})
