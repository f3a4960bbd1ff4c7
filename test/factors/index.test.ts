import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createFactors, type FactorTools } from '../../src/factors/index.ts'

const config = loadConfig({
  env: { SIGNET_MASTER_KEY: randomBytes(32).toString('base64url') },
  cwd: import.meta.dirname,
})
const settings = { ...config.factors, trusted_contacts: config.recovery.contacts }

function factors(change: Partial<FactorTools['settings']> = {}) {
  // Nothing of what they are built with is called here.
  return createFactors({
    serviceName: 'Signet',
    relatedOrigins: [],
    settings: { ...settings, ...change },
  } as unknown as FactorTools)
}

it('the factors are those that the configuration turns on', () => {
  const names = factors().map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['password', 'passkey', 'security-key']))
  const fewer = factors({ passkey: { ...settings.passkey, enabled: false } }).map(({ name }) => name)
  expect(fewer).toEqual(names.filter((name) => name !== 'passkey'))
})

it('the factors have names that can stand in a URL and a file name', () => {
  for (const { name } of factors()) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
})
