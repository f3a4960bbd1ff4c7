import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Identity } from '../../src/domain/identity.ts'
import { password } from '../../src/factors/password.ts'
import { weaknessOf } from '../../src/factors/password-weakness.ts'
import type { Context } from '../../src/ports/factor.ts'
import type { Logger } from '../../src/ports/logger.ts'
import { createPasswordHasher } from '../../src/vault/hash-pool.ts'
import { random } from '../../src/vault/vault.ts'

const hashing = {
  memory: 64 * 1024,
  iterations: 1,
  parallelism: 1,
  in_flight: 0,
  queue: 100,
  queue_per_address: 100,
  nice: 0,
}
const pool = createPasswordHasher(hashing)
const calls: string[] = []
const hasher = {
  ...pool,
  hash(text: string, address: string) {
    calls.push('hash')
    return pool.hash(text, address)
  },
  verify(phc: string, text: string, address: string) {
    calls.push('verify')
    return pool.verify(phc, text, address)
  },
}
afterAll(() => pool.close())

const warnings: string[] = []
const log: Logger = {
  debug() {},
  info() {},
  warn: (_fields, text) => warnings.push(text),
  error() {},
}

const settings = {
  enabled: true,
  min_length: 15,
  min_length_with_second_factor: 8,
  max_length: 256,
  breach_check: { url: null as string | null, timeout: 500 },
}

const make = (more: Partial<typeof settings> = {}) =>
  password({
    hasher,
    log,
    fetch: globalThis.fetch,
    serviceName: 'Signet',
    settings: { ...settings, ...more },
  })

const context = (more: Partial<Context> = {}): Context => ({
  now: 0,
  address: '203.0.113.7',
  language: 'en',
  origin: 'https://id.example.com',
  host: 'id.example.com',
  otherCategories: 0,
  send: async () => {},
  elsewhere: {
    ask: () => Promise.reject(new Error('nothing to ask')),
    askDevices: () => Promise.reject(new Error('nobody to ask')),
    collect: async () => 'waiting',
    invite: () => Promise.reject(new Error('nobody to invite')),
    invited: async () => 'gone',
    uninvite: async () => {},
  },
  mac: (value) => value,
  random,
  ...more,
})

const ana: Identity = {
  id: 'ana',
  version: 1,
  state: 'active',
  identifiers: [{ kind: 'email', value: 'ana.lopez@example.com', written: 'ana.lopez@example.com' }],
  claims: { name: 'Ana López' },
  groups: [],
  roles: [],
  createdAt: 0,
  updatedAt: 0,
}

const choose = (text: string, cx: Partial<Context> = {}, factor = make()) =>
  factor.enrolment.finish(context(cx), undefined, { password: text })

async function chosen(text: string, factor = make()) {
  const enrolled = await choose(text, {}, factor)
  if (enrolled.status !== 'enrolled') throw new Error(enrolled.reason)
  const { data } = enrolled
  return { id: 'c', version: 1, identityId: 'ana', factor: factor.name, data, createdAt: 0 }
}

const row = (phc: string) => ({
  id: 'c',
  version: 1,
  identityId: 'ana',
  factor: 'password',
  data: { phc },
  createdAt: 0,
})

describe('choosing a password', () => {
  it('S25: takes 15 characters alone, 8 beside a second factor, and says which', async () => {
    expect(await choose('fourteen chars')).toEqual({
      status: 'refused',
      reason: 'too-short',
      values: { min: 15 },
    })
    expect(await choose('fifteen letters')).toMatchObject({ status: 'enrolled' })
    expect(await choose('kaputt8', { otherCategories: 1 })).toEqual({
      status: 'refused',
      reason: 'too-short',
      values: { min: 8 },
    })
    expect(await choose('kaputt84', { otherCategories: 1 })).toMatchObject({
      status: 'enrolled',
      needsCompanion: true,
    })
    expect(await choose('long enough by itself', { otherCategories: 1 })).not.toHaveProperty('needsCompanion')
    expect(await choose('')).toMatchObject({ reason: 'too-short' })
  })

  it('S25: takes 64 characters and more, refuses more than the limit clearly, and cuts nothing off', async () => {
    const long = 'correct horse battery staple '.repeat(9).slice(0, 256)
    for (const length of [64, 65, 255, 256])
      expect(await choose(long.slice(0, length))).toMatchObject({ status: 'enrolled' })
    expect(await choose(`${long}x`)).toEqual({ status: 'refused', reason: 'too-long', values: { max: 256 } })
    const factor = make()
    const credential = await chosen(long, factor)
    const last = await factor.verify(context(), credential, undefined, { password: `${long.slice(0, 255)}!` })
    expect(last).toEqual({ status: 'refused' })
    expect(await factor.verify(context(), credential, undefined, { password: long })).toEqual({
      status: 'proved',
    })
  })

  it('S25: asks for no composition and takes spaces and any script', async () => {
    for (const text of [
      'onlysmallletters',
      'ONLYBIGLETTERSZ',
      '              x ',
      'ключ от квартиры',
      '正確的馬電池釘書針還有十五個字',
      '🦄🐙🦀🐝🦋🐞🐢🦎🐍🦖🐳🐬🐟🐠🐡',
    ])
      expect(await choose(text), text).toMatchObject({ status: 'enrolled' })
  })

  it('S25: counts code points, and takes both spellings of one text for the same', async () => {
    expect(await choose('🦄'.repeat(7), { otherCategories: 1 })).toMatchObject({ reason: 'too-short' })
    const factor = make()
    const credential = await chosen('Zoë likes crème brûlée', factor)
    const decomposed = 'Zoë likes crème brûlée'.normalize('NFD')
    expect(await factor.verify(context(), credential, undefined, { password: decomposed })).toEqual({
      status: 'proved',
    })
    // Compatible is not the same: nothing but the spelling is folded.
    const other = await factor.verify(context(), credential, undefined, {
      password: 'Zoë likes crème brûleé',
    })
    expect(other).toEqual({ status: 'refused' })
  })

  it.each([
    ['123456789012345', 'common'],
    ['passwordpassword', 'common'],
    ['PasswordPassword', 'common'],
    ['password-password!', 'common'],
    ['monkey123456789', 'common'],
    ['qwertyuiopasdfghjkl', 'common'],
    ['aaaaaaaaaaaaaaaaaaaa', 'common'],
    ['!!!!!!!!!!!!!!!!!!', 'common'],
    ['abcdefghijklmnopqrstuvwxyz', 'common'],
    ['ana.lopez@example.com', 'personal'],
    ['AnaLópez AnaLópez', 'personal'],
    ['signet-2024-signet', 'personal'],
    ['Signet password 2024', 'personal'],
  ])('S25: %s is refused as %s', async (text, reason) => {
    expect(await choose(text, { identity: ana })).toEqual({ status: 'refused', reason })
  })

  it('S25: several common words together are fine', async () => {
    for (const text of ['correct horse battery staple', 'butterfly mountain', 'ana likes purple elephants'])
      expect(await choose(text, { identity: ana }), text).toMatchObject({ status: 'enrolled' })
  })

  it('judges any text in bounded time and without failing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.array(fc.string({ unit: 'grapheme' })),
        async (text, words) => {
          expect([undefined, 'common', 'personal']).toContain(await weaknessOf(text, words))
        },
      ),
    )
    // Random letters are no word of anybody's.
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 24, maxLength: 24 }), async (bytes) => {
        const text = Buffer.from(bytes).toString('base64url')
        fc.pre(new Set(bytes).size > 12)
        expect(await weaknessOf(text, [])).toBeUndefined()
      }),
    )
  })
})

describe('the breach check', () => {
  const asked: string[] = []
  const leaked = 'a leaked but long password'
  const suffix = createHash('sha1').update(leaked).digest('hex').toUpperCase().slice(5)
  let mode: 'list' | 'padding' | 'broken' | 'hang' = 'list'
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['add-padding']}`)
    if (mode === 'hang') return undefined
    if (mode === 'broken') return void response.writeHead(500).end()
    response.end(`0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n${suffix}:${mode === 'padding' ? 0 : 42}\r\n`)
  })
  const ready = new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`),
    )
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const factor = async (timeout = 10_000) => make({ breach_check: { url: await ready, timeout } })

  it('S25: refuses a leaked password and tells the service five digits of its hash', async () => {
    mode = 'list'
    expect(await choose(leaked, {}, await factor())).toEqual({ status: 'refused', reason: 'breached' })
    expect(asked).toEqual([
      `/range/${createHash('sha1').update(leaked).digest('hex').toUpperCase().slice(0, 5)} true`,
    ])
    expect(await choose('one that nobody has leaked', {}, await factor())).toMatchObject({
      status: 'enrolled',
    })
  })

  it('takes padding for what it is', async () => {
    mode = 'padding'
    expect(await choose(leaked, {}, await factor())).toMatchObject({ status: 'enrolled' })
  })

  it('F13: lets people go on when the service is broken or hangs, and says so in the log', async () => {
    for (const fault of ['broken', 'hang'] as const) {
      mode = fault
      warnings.length = 0
      expect(await choose(leaked, {}, await factor(200))).toMatchObject({ status: 'enrolled' })
      expect(warnings).toHaveLength(1)
    }
  })

  it('is off unless it is configured', async () => {
    asked.length = 0
    expect(await choose(leaked)).toMatchObject({ status: 'enrolled' })
    expect(asked).toEqual([])
  })
})

describe('answering with a password', () => {
  it('S32: costs one hash, whether right, wrong, empty, huge, or about nobody', async () => {
    const factor = make()
    const credential = await chosen('seven green bicycles sing', factor)
    await factor.verify(context(), credential, undefined, { password: 'x' })
    const answers = [
      'seven green bicycles sing',
      'wrong',
      '',
      'y'.repeat(1_000_000),
      '\u0000',
      '🦄'.repeat(300),
    ]
    for (const data of [credential, row('')]) {
      for (const answer of answers) {
        calls.length = 0
        await factor.verify(context(), data, undefined, { password: answer })
        expect(calls).toEqual(['verify'])
      }
    }
    calls.length = 0
    await factor.verify(context(), credential, undefined, {})
    expect(calls).toEqual(['verify'])
  })

  it('S32: the decoy costs what a real one costs, is made once, and is matched by nothing', async () => {
    const factor = make()
    calls.length = 0
    for (const answer of ['nobody has this one', 'not an answer', ''])
      expect(await factor.verify(context(), row(factor.decoy.phc), undefined, { password: answer })).toEqual({
        status: 'refused',
      })
    expect(calls).toEqual(['hash', 'verify', 'verify', 'verify'])
  })

  it('renews a hash that was made with other parameters, when it matches', async () => {
    const stronger = createPasswordHasher({ ...hashing, iterations: 2 })
    try {
      const old = await stronger.hash('seven green bicycles sing', 'x')
      const factor = make()
      const wrong = await factor.verify(context(), row(old), undefined, { password: 'wrong' })
      expect(wrong).toEqual({ status: 'refused' })
      const verdict = await factor.verify(context(), row(old), undefined, {
        password: 'seven green bicycles sing',
      })
      if (verdict.status !== 'proved' || verdict.credential === undefined) throw new Error('not renewed')
      expect(pool.outdated(old)).toBe(true)
      expect(pool.outdated(verdict.credential.phc)).toBe(false)
      expect(
        await factor.verify(context(), row(verdict.credential.phc), undefined, {
          password: 'seven green bicycles sing',
        }),
      ).toEqual({ status: 'proved' })
    } finally {
      await stronger.close()
    }
  })

  it('lets a full queue through as it is, and makes the decoy at the next try', async () => {
    let full = true
    const factor = password({
      hasher: {
        ...hasher,
        hash: (text, address) => (full ? Promise.reject(new Error('busy')) : pool.hash(text, address)),
      },
      log,
      fetch: globalThis.fetch,
      serviceName: 'Signet',
      settings,
    })
    await expect(factor.verify(context(), row(''), undefined, { password: 'x' })).rejects.toThrow('busy')
    full = false
    expect(await factor.verify(context(), row(''), undefined, { password: 'x' })).toEqual({
      status: 'refused',
    })
  })
})
