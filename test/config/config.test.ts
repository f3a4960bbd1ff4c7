import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cwd, key, load, production, refusal, useFolder, write } from './files.ts'

useFolder()

describe('without any settings', () => {
  test('development runs on localhost with inbox and demo, and nothing else weaker than in production', () => {
    const development = load()
    expect(development).toMatchObject({
      mode: 'development',
      issuer: 'http://localhost:3000',
      storage: `sqlite:${join(cwd, 'data/signet.db')}`,
      data: join(cwd, 'data'),
    })
    const { mode, host, inbox, demo, issuer, master_key, mail, data, storage, ...rest } = load(production)
    expect(development).toMatchObject(rest)
  })

  test('the master key of development is made once, only its owner can read it, and production refuses it', () => {
    const first = load().master_key
    expect(load().master_key).toBe(first)
    expect(statSync(join(cwd, 'data/master.key')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(cwd, 'data/master.key'), 'utf8').trim()).toBe(first)
    const message = refusal({ ...production, SIGNET_MASTER_KEY: first })
    expect(message).toContain('not the one that development made')
    expect(message).not.toContain(first)
  })

  test('a data folder that cannot be made is one clear sentence', () => {
    write('file', '')
    expect(refusal({ SIGNET_DATA: 'file/below' })).toMatch(
      /^The configuration cannot be used\. SIGNET_DATA: data: .*cannot be written/,
    )
  })
})

describe('the environment', () => {
  test('wins over the file, the file wins over the defaults, key by key', () => {
    const file = write(
      'my.yaml',
      'mode: development\nbrand: { name: Mine }\nlifetimes:\n  code: 30s\n  id_token: 2h\n',
    )
    const config = load({ SIGNET_CONFIG: file, SIGNET_LIFETIMES__CODE: '10s', SIGNET_LOG__LEVEL: 'debug' })
    expect(config.lifetimes).toMatchObject({ code: 10_000, id_token: 7_200_000, interaction: 3_600_000 })
    expect(config.log.level).toBe('debug')
    expect(config.brand.name).toBe('Mine')
  })

  test('the port of development is the port of its issuer, until an issuer is named', () => {
    expect(load({ SIGNET_PORT: '4000', SIGNET_DEMO_PORT: '4001' })).toMatchObject({
      port: 4000,
      issuer: 'http://localhost:4000',
      demo: { port: 4001 },
    })
    expect(load({ SIGNET_PORT: '4000', SIGNET_ISSUER: 'https://id.test' }).issuer).toBe('https://id.test')
  })

  test('takes lists as YAML or separated by commas or spaces, and an empty variable as none', () => {
    const lists = ['10.0.0.0/8,fd00::/8', '10.0.0.0/8 fd00::/8', '[10.0.0.0/8, "fd00::/8"]']
    for (const written of lists) {
      expect(load({ SIGNET_TRUSTED_PROXIES: written }).trusted_proxies).toEqual(['10.0.0.0/8', 'fd00::/8'])
    }
    expect(load({ SIGNET_TRUSTED_PROXIES: '', SIGNET_ISSUER: '' }).trusted_proxies).toEqual([])
  })

  test('keeps text as it is written, whatever YAML would make of it', () => {
    expect(load({ SIGNET_BRAND__NAME: 'yes: [no' }).brand.name).toBe('yes: [no')
    expect(load({ SIGNET_BRAND__NAME: '007' }).brand.name).toBe('007')
  })

  test('takes a secret from a file, and refuses two sources for one key', () => {
    const file = write('key', `${key}\n`)
    expect(load({ SIGNET_MASTER_KEY_FILE: file }).master_key).toBe(key)
    write('mail', 'smtps://user:pass@mail.test')
    const mail = load({ SIGNET_MAIL__URL_FILE: 'mail', SIGNET_MAIL__FROM: 'a@b.test' }).mail
    expect(mail.url).toBe('smtps://user:pass@mail.test')
    expect(refusal({ SIGNET_MASTER_KEY_FILE: file, SIGNET_MASTER_KEY: key })).toContain(
      'is set by SIGNET_MASTER_KEY',
    )
    expect(refusal({ SIGNET_MASTER_KEY_FILE: 'nowhere' })).toContain(
      'SIGNET_MASTER_KEY_FILE: master_key: the file nowhere cannot be read',
    )
  })

  test('reads relative names of files from the working directory', () => {
    expect(load({ SIGNET_STORAGE: 'sqlite:here.db', SIGNET_DATA: 'there' })).toMatchObject({
      storage: `sqlite:${join(cwd, 'here.db')}`,
      data: join(cwd, 'there'),
    })
    expect(load({ SIGNET_STORAGE: 'mongodb://localhost/x' }).storage).toBe('mongodb://localhost/x')
  })
})

describe('the names that applications have for levels', () => {
  test('are any names without spaces, in a file or a variable', () => {
    const names = {
      'https://refeds.org/profile/mfa': 'two-factor',
      '1': 'single-factor',
      phr: 'phishing-resistant',
    }
    const lines = Object.entries(names).map(([name, level]) => `  ${name}: ${level}\n`)
    const file = write('my.yaml', `mode: development\nacr:\n${lines.join('')}`)
    expect(load({ SIGNET_CONFIG: file }).acr).toEqual(names)
    expect(load({ SIGNET_ACR: JSON.stringify(names) }).acr).toEqual(names)
    expect(load().acr).toEqual({})
  })

  test('are refused with their line when the level is none, or the name is one of ours or has a space', () => {
    const file = write(
      'my.yaml',
      'mode: development\nacr:\n  mfa: strong\n  urn:signet:acr:two-factor: single-factor\n  two words: two-factor\n  nothing: none\n',
    )
    const levels = 'one of single-factor, two-factor, phishing-resistant, hardware-bound'
    const name = 'expected a name without spaces that does not begin with urn:signet:acr:'
    expect(refusal({ SIGNET_CONFIG: file }).split('\n')).toEqual([
      'The configuration cannot be used, 4 things are wrong:',
      `  my.yaml:3: acr.mfa: found "strong", expected ${levels}`,
      `  my.yaml:4: acr.urn:signet:acr:two-factor: found the name "urn:signet:acr:two-factor", ${name}`,
      `  my.yaml:5: acr.two words: found the name "two words", ${name}`,
      `  my.yaml:6: acr.nothing: found "none", expected ${levels}`,
    ])
  })
})

describe('what is wrong', () => {
  test('is listed at once, with file and line or variable, key, what was found and what is expected', () => {
    const file = write(
      'my.yaml',
      'mode: development\nport: many\nlifetimes:\n  code: 2m\nclients:\n  - id: shop\n    redirectUris: []\n',
    )
    expect(refusal({ SIGNET_CONFIG: file, SIGNET_HASHING__MEMORY: 'lots' }).split('\n')).toEqual([
      'The configuration cannot be used, 4 things are wrong:',
      '  my.yaml:2: port: found "many", expected a whole number from 1 to 65535',
      '  my.yaml:4: lifetimes.code: found "2m", expected a duration such as 60s, 10m or 30d, at least 1s and at most 60s',
      '  my.yaml:7: clients.0.redirectUris: there is no such setting, did you mean redirect_uris?',
      '  SIGNET_HASHING__MEMORY: hashing.memory: found "lots", expected a size such as 64kb or 1mb, at least 8kb and at most 4gb',
    ])
  })

  test.each([
    ['SIGNET_ISUER', 'SIGNET_ISSUER'],
    ['SIGNET_LOG_LEVEL', 'SIGNET_LOG__LEVEL'],
    ['SIGNET_DEMO_PROT', 'SIGNET_DEMO_PORT'],
    ['SIGNET_LIFETIMES__CODES', 'SIGNET_LIFETIMES__CODE'],
  ])('the unknown variable %s is taken for %s', (written, meant) => {
    expect(refusal({ [written]: 'x' })).toContain(`${written}: `)
    expect(refusal({ [written]: 'x' })).toContain(`did you mean ${meant}?`)
  })

  test.each([
    ['a broken file', 'mode: development\n  port: [', /my\.yaml: no valid YAML, .* at line 1/],
    ['a list instead of settings', '- a', /my\.yaml: expected settings/],
    ['one key twice', 'port: 1\nport: 2', /my\.yaml: no valid YAML, .*unique/],
    [
      'a value where settings belong',
      'mode: development\nlog: 5',
      /my\.yaml:2: log: found 5, expected a map/,
    ],
    ['a prototype', 'mode: development\n__proto__: { x: 1 }', /__proto__: there is no such setting/],
  ])('%s is one clear sentence', (_, text, expected) => {
    const message = refusal({ SIGNET_CONFIG: write('my.yaml', text) })
    expect(message).toMatch(expected)
    expect(message.split('\n')).toHaveLength(1)
  })

  test('a file that is not there is one clear sentence', () => {
    expect(refusal({ SIGNET_CONFIG: 'nowhere.yaml' })).toBe(
      'The configuration cannot be used. nowhere.yaml: cannot be read (ENOENT)',
    )
  })

  test('S42: a secret is never quoted', () => {
    const message = refusal({
      SIGNET_MASTER_KEY: 'hunter2',
      SIGNET_MAIL__URL: 'http://user:hunter2@mail',
      SIGNET_STORAGE: 'postgres://user:hunter2@db',
      SIGNET_PREVIOUS_MASTER_KEYS: 'hunter2,hunter2',
    })
    expect(message).toContain('master_key: found a value of 7 characters')
    expect(message).not.toContain('hunter2')
  })

  test.each([
    ['SIGNET_ISSUER', 'https://id.example.com/path'],
    ['SIGNET_ISSUER', 'https://id.example.com/'],
    ['SIGNET_ISSUER', 'ftp://id.example.com'],
    ['SIGNET_PORT', '0'],
    ['SIGNET_PORT', '1.5'],
    ['SIGNET_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['SIGNET_TRUSTED_PROXIES', '999.1.1.1'],
    ['SIGNET_MASTER_KEY', 'a'.repeat(64)],
    ['SIGNET_STORAGE', 'redis://x'],
    ['SIGNET_LANGUAGES', '[]'],
    ['SIGNET_INBOX', 'yes'],
    ['SIGNET_RECOVERY__LINK_LIFETIME', '16m'],
    ['SIGNET_FACTORS__PASSWORD__MIN_LENGTH', '8'],
    ['SIGNET_LIFETIMES__ACCESS_TOKEN_JWT', '6m'],
    ['SIGNET_KEYS__ALGORITHMS', 'none'],
    ['SIGNET_KEYS__ALGORITHMS', 'HS256'],
  ])('%s=%s is refused', (name, value) => {
    expect(refusal({ [name]: value })).toContain(`${name}: `)
  })
})
