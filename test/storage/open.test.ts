import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../src/domain/problem.ts'
import { migrate, openStore } from '../../src/storage/open.ts'

const clock = Date.now
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function refusal(url: string): Promise<Problem> {
  const problem = await openStore({ url, clock }).then(
    () => undefined,
    (error) => error,
  )
  expect(problem).toBeInstanceOf(Problem)
  expect(problem.code).toBe('storage-unavailable')
  expect(problem.message, 'one sentence').toMatch(/^[A-Z].*\.$/)
  expect(problem.message).not.toMatch(/\n|undefined|\[object/)
  return problem
}

describe('an embedded store', () => {
  it('is created with its folder, for nobody else to read', async () => {
    const file = join(folder, 'deep', 'er', 'signet.db')
    const store = await openStore({ url: `sqlite:${file}`, clock })
    await store.settings.insert({ id: 'a', value: '' })
    for (const suffix of ['', '-wal', '-shm']) expect((await stat(file + suffix)).mode & 0o077).toBe(0)
    expect((await stat(join(folder, 'deep', 'er'))).mode & 0o077).toBe(0)
    await store.close()
  })

  it('may be named with a path or as a URL', async () => {
    for (const prefix of ['sqlite:', 'sqlite://']) {
      const store = await openStore({ url: `${prefix}${folder}/signet.db`, clock })
      await store.settings.insert({ id: prefix, value: '' })
      await store.close()
    }
    const store = await openStore({ url: `sqlite:${folder}/signet.db`, clock })
    expect(await store.settings.count()).toBe(2)
    await store.close()
  })

  it('keeps everything over a restart', async () => {
    const url = `sqlite:${folder}/signet.db`
    const before = await openStore({ url, clock })
    await before.settings.insert({ id: 'a', value: 'kept' })
    await before.close()
    const after = await openStore({ url, clock })
    expect(await after.settings.get('a')).toStrictEqual({ id: 'a', value: 'kept', version: 1 })
    await after.close()
  })

  it('in a folder that cannot be made is refused with one sentence', async () => {
    await writeFile(join(folder, 'file'), '')
    const { message } = await refusal(`sqlite:${folder}/file/signet.db`)
    expect(message).toContain(`${folder}/file/signet.db`)
    expect(message).toContain('a part of the path is not a folder')
  })

  it('that is a folder is refused with one sentence', async () => {
    expect((await refusal(`sqlite:${folder}`)).message).toContain('it is a folder')
  })

  it('on a pseudo file system is refused with one sentence', async () => {
    expect((await refusal('sqlite:/proc/signet/signet.db')).message).toContain('/proc/signet/signet.db')
  })

  it('that is something else is refused, and left alone', async () => {
    const file = join(folder, 'notes.txt')
    await writeFile(file, 'not a database, but long enough to be read as a header of one: '.repeat(20))
    expect((await refusal(`sqlite:${file}`)).message).toContain('not a database')
    const other = new DatabaseSync(join(folder, 'other.db'))
    other.exec('CREATE TABLE songs (title TEXT)')
    other.close()
    expect((await refusal(`sqlite:${folder}/other.db`)).message).toContain('not one of Signet')
  })
})

describe('a MongoDB', () => {
  it('that nobody runs is refused with one sentence within 5 seconds, which keeps the password', async () => {
    const { message } = await refusal('mongodb://ana:hunter2@127.0.0.1:1/signet?authSource=admin')
    expect(message).toContain('mongodb://127.0.0.1:1/signet')
    expect(message).not.toContain('hunter2')
  }, 8_000)

  it('that accepts connections and says nothing is refused within 5 seconds', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await refusal(`mongodb://127.0.0.1:${port}/signet`)
    server.close()
  }, 8_000)

  it('whose URL is malformed is refused with one sentence', async () => {
    expect((await refusal('mongodb://')).message).toContain('not valid')
    expect((await refusal('mongodb://ana:hunter2%ZZ@localhost/x')).message).not.toContain('hunter2')
  })
})

it('an engine that does not exist is refused with one sentence', async () => {
  expect((await refusal('postgres://localhost/signet')).message).toContain('sqlite: or mongodb://')
  expect((await refusal('')).message).toContain('sqlite: or mongodb://')
})

it('migrating alone answers what was run, once', async () => {
  const url = `sqlite:${folder}/signet.db`
  expect(await migrate({ url, clock })).toStrictEqual(['0001-layout'])
  expect(await migrate({ url, clock })).toStrictEqual([])
})
