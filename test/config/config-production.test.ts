import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { configReference } from '../../src/config.ts'
import { cwd, key, load, production, refusal, root, useFolder, write } from './files.ts'

useFolder()

describe('production', () => {
  test('starts on the defaults with issuer, master key and mail', () => {
    expect(load(production)).toMatchObject({ mode: 'production', inbox: false, demo: { enabled: false } })
  })

  test('S24: refuses development settings and says all of it at once', () => {
    const lines = refusal({
      SIGNET_MODE: 'production',
      SIGNET_ISSUER: 'http://id.example.com',
      SIGNET_HASHING__MEMORY: '1mb',
    })
    const keys = ['issuer', 'master_key', 'inbox', 'demo.enabled', 'mail.url', 'mail.from', 'hashing.memory']
    expect(lines).toContain('7 things are wrong')
    for (const name of keys) expect(lines).toContain(`: ${name}: found`)
  })

  test('never makes a master key by itself', () => {
    refusal({ ...production, SIGNET_MASTER_KEY: '' })
    expect(() => statSync(join(cwd, 'data'))).toThrow()
  })

  test('the example for production is whole once its secrets are there', () => {
    const example = readFileSync(join(root, 'config/production.example.yaml'), 'utf8')
    const files = [...example.matchAll(/secret_file: (\S+)/g)].map((match) => match[1] ?? '')
    let text = example
    for (const [at, file] of files.entries()) text = text.replace(file, write(`secret${at}`, key))
    const config = load({ SIGNET_CONFIG: write('production.yaml', text), SIGNET_MASTER_KEY: key })
    expect(config.mode).toBe('production')
  })
})

describe('clients and resources', () => {
  test('a client is declared with its secret in a file, and gets what it does not say', () => {
    write('secret', `${key}\n`)
    const file = write(
      'my.yaml',
      'mode: development\nclients:\n  - { id: shop, name: Shop, redirect_uris: [https://shop.test/cb], secret_file: secret, metadata: { logo_uri: https://shop.test/logo.png } }\n  - { id: app }\n',
    )
    expect(load({ SIGNET_CONFIG: file }).clients).toEqual([
      {
        id: 'shop',
        name: 'Shop',
        redirect_uris: ['https://shop.test/cb'],
        secret: key,
        first_party: false,
        pkce_exempt: false,
        metadata: { logo_uri: 'https://shop.test/logo.png' },
      },
      { id: 'app', redirect_uris: [], first_party: false, pkce_exempt: false, metadata: {} },
    ])
  })

  test('a short secret, a missing file and a secret in the configuration itself are refused', () => {
    write('short', 'x'.repeat(31))
    const declare = (fields: string) =>
      refusal({
        SIGNET_CONFIG: write('my.yaml', `mode: development\nclients:\n  - { id: a, ${fields} }\n`),
      })
    expect(declare('secret_file: short')).toContain(
      'found a secret of 31 characters in short, expected at least 32',
    )
    expect(declare('secret_file: nowhere')).toContain(
      'clients.0.secret_file: found "nowhere", which cannot be read',
    )
    // With a fault elsewhere as well: everything is said at once.
    const both = declare('secret_file: nowhere, first_party: perhaps')
    expect(both).toContain('secret_file: found "nowhere"')
    expect(both).toContain('first_party')
    expect(declare('secret: abc')).toContain('did you mean secret_file?')
  })

  test('two clients with one id are refused', () => {
    const file = write('my.yaml', 'mode: development\nclients:\n  - { id: a }\n  - { id: a }\n')
    expect(refusal({ SIGNET_CONFIG: file })).toContain(
      'clients.1.id: found "a", expected an id that no other client has',
    )
  })

  test('a resource is named by an absolute URI', () => {
    const file = write('my.yaml', 'mode: development\nresources:\n  "https://api.test": { scopes: [read] }\n')
    expect(load({ SIGNET_CONFIG: file }).resources).toEqual({
      'https://api.test': { scopes: ['read'], access_token_format: 'jwt' },
    })
    const broken = write('broken.yaml', 'mode: development\nresources:\n  api: {}\n')
    expect(refusal({ SIGNET_CONFIG: broken })).toContain('an absolute URI without fragment')
  })
})

test('the reference has a line for every key of the defaults, with its comment and its variable', () => {
  const reference = configReference()
  const walk = (tree: object, above: string[] = []): string[] =>
    Object.entries(tree).flatMap(([name, value]) => {
      const path = [...above, name]
      const isMap =
        typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
      return isMap ? walk(value, path) : [path.join('.')]
    })
  const keys = walk(parse(readFileSync(join(root, 'config/default.yaml'), 'utf8')))
  for (const name of keys) expect(reference).toContain(`| \`${name}\` |`)
  expect(reference).toContain('`SIGNET_DEMO_PORT`')
  expect(reference).toContain(
    '| `throttle.lock_after` | `100` | a whole number from 5 to 100 | failures in a row',
  )
  expect(reference).toContain('| `secret_file` |')
})
