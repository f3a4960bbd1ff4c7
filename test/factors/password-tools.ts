import type { Identity } from '../../src/domain/identity.ts'
import { password } from '../../src/factors/password.ts'
import type { Context } from '../../src/ports/factor.ts'
import type { Logger } from '../../src/ports/logger.ts'
import { createPasswordHasher } from '../../src/vault/hash-pool.ts'
import { random } from '../../src/vault/vault.ts'

export const hashing = {
  memory: 64 * 1024,
  iterations: 1,
  parallelism: 1,
  in_flight: 0,
  queue: 100,
  queue_per_address: 100,
  nice: 0,
}
/** For all files: its process ends with this one. */
export const pool = createPasswordHasher(hashing)
export const calls: string[] = []
export const hasher = {
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

export const warnings: string[] = []
export const log: Logger = {
  debug() {},
  info() {},
  warn: (_fields, text) => warnings.push(text),
  error() {},
}

export const settings = {
  enabled: true,
  min_length: 15,
  min_length_with_second_factor: 8,
  max_length: 256,
  breach_check: { url: null as string | null, timeout: 500 },
}

export const make = (more: Partial<typeof settings> = {}) =>
  password({
    hasher,
    log,
    fetch: globalThis.fetch,
    serviceName: 'Signet',
    settings: { ...settings, ...more },
  })

export const context = (more: Partial<Context> = {}): Context => ({
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

export const ana: Identity = {
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

export const choose = (text: string, cx: Partial<Context> = {}, factor = make()) =>
  factor.enrolment.finish(context(cx), undefined, { password: text })

export async function chosen(text: string, factor = make()) {
  const enrolled = await choose(text, {}, factor)
  if (enrolled.status !== 'enrolled') throw new Error(enrolled.reason)
  const { data } = enrolled
  return { id: 'c', version: 1, identityId: 'ana', factor: factor.name, data, createdAt: 0 }
}

export const row = (phc: string) => ({
  id: 'c',
  version: 1,
  identityId: 'ana',
  factor: 'password',
  data: { phc },
  createdAt: 0,
})
