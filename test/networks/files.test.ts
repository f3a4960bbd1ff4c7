import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createNetworks } from '../../src/networks/index.ts'
import { watchFile } from '../../src/networks/watched-file.ts'
import { city, mmdb, world } from '../support/mmdb.ts'

const patience = { timeout: 20_000 }
const lines: { level: string; text: string }[] = []
const note = (level: string) => (_: object, text: string) => void lines.push({ level, text })
const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }

let folder: string
let file: string

beforeEach(async () => {
  lines.length = 0
  folder = await mkdtemp(join(tmpdir(), 'signet-networks-'))
  file = join(folder, 'a file')
})

afterEach(() => rm(folder, { recursive: true }))

/** As a tool that keeps a file up to date does it. */
async function replaceFile(content: string | Buffer): Promise<void> {
  await writeFile(`${file} new`, content)
  await rename(`${file} new`, file)
}

function watched() {
  const parse = (content: Buffer) => {
    if (content.toString() === 'broken') throw new Error('is broken')
    return content.toString()
  }
  return watchFile({ file, setting: 'places.database', parse, log, every: 10 })
}

it('reads a file anew when it was replaced, without a restart', async () => {
  await writeFile(file, 'one')
  const watch = watched()
  expect(watch.value()).toBeUndefined()
  await watch.open()
  expect(watch.value()).toBe('one')
  await replaceFile('two')
  await vi.waitFor(() => expect(watch.value()).toBe('two'), patience)
  await writeFile(file, 'three')
  await vi.waitFor(() => expect(watch.value()).toBe('three'), patience)
  watch.close()
})

it('keeps what it has while the new file is broken or gone, and says so once', async () => {
  await writeFile(file, 'one')
  const watch = watched()
  await watch.open()
  const errors = () => lines.filter(({ level }) => level === 'error').length
  await replaceFile('broken')
  await vi.waitFor(() => expect(errors()).toBe(1), patience)
  await rm(file)
  await vi.waitFor(() => expect(errors()).toBe(2), patience)
  await new Promise((done) => setTimeout(done, 60))
  expect(errors()).toBe(2)
  expect(watch.value()).toBe('one')
  await writeFile(file, 'two')
  await vi.waitFor(() => expect(watch.value()).toBe('two'), patience)
  watch.close()
})

function networks(database: string | null, list: { ranges?: string[]; file?: string | null } = {}) {
  const bad_address_range = { enabled: true, ranges: [], file: null, ...list }
  return createNetworks({ log, settings: { places: { database }, signals: { bad_address_range } } })
}

it('says in one sentence which file is missing, and by which setting', async () => {
  await expect(networks(file).open()).rejects.toThrow(`places.database: ${file} cannot be read (ENOENT)`)
  await expect(networks(null, { file }).open()).rejects.toThrow(
    `signals.bad_address_range.file: ${file} cannot be read (ENOENT)`,
  )
})

it.each([
  ['an empty file', Buffer.alloc(0)],
  ['a page of a website', Buffer.from('<!doctype html><title>Sign in to download</title>')],
  ['half a database', mmdb(world).subarray(0, 400)],
  ['a compressed database', Buffer.from('1f8b0800', 'hex')],
])('says of %s that it is no database', async (_, content) => {
  await writeFile(file, content)
  await expect(networks(file).open()).rejects.toThrow(
    `places.database: ${file} is no database in the MaxMind DB (MMDB) format, or is damaged`,
  )
})

it('says in which line of a list there is no range', async () => {
  await writeFile(file, '203.0.113.0/24\nhello\n')
  await expect(networks(null, { file }).open()).rejects.toThrow(
    `signals.bad_address_range.file: ${file} has no address or range in line 2`,
  )
})

it('knows the ranges of the configuration together with those of the file, and places from the database', async () => {
  await writeFile(file, '198.51.100.0/24\n')
  const database = join(folder, 'places')
  await writeFile(database, mmdb({ '203.0.113.0/24': city('DE', { en: 'Munich' }, [48, 11]) }))
  const both = networks(database, { file, ranges: ['192.0.2.0/24'] })
  expect(both.places.find('203.0.113.7')).toBeUndefined()
  await both.open()
  expect(both.places.find('203.0.113.7')?.city).toBe('Munich')
  expect(['192.0.2.1', '198.51.100.1', '203.0.113.1'].map(both.badRanges.has)).toEqual([true, true, false])
  both.close()
})

it('reads nothing that is not configured, or not turned on', async () => {
  const none = networks(null)
  await none.open()
  expect(none.places.find('203.0.113.7')).toBeUndefined()
  const bad_address_range = { enabled: false, ranges: [], file: '/nowhere' }
  await createNetworks({
    log,
    settings: { places: { database: null }, signals: { bad_address_range } },
  }).open()
})
