/** The command line as people and scripts use it: exit codes, words for people, JSON for scripts, and no secret where others can read it. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { runSignet, settings } from '../support/signet.ts'
import { onMongodb, onSqlite } from '../support/stores.ts'

const callback = 'http://localhost:4000/callback'
const folders: string[] = []
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

interface Shell {
  /** Runs it; fails the test unless it exits with 0. */
  (words: readonly string[], input?: string): Promise<string>
  /** With `--json`, parsed. */
  json<Data = Record<string, unknown>>(words: readonly string[], input?: string): Promise<Data>
  /** What it complains with; fails the test unless it exits with `code` and prints nothing else. */
  refused(code: 1 | 2, words: readonly string[], input?: string): Promise<string>
  readonly env: Record<string, string>
}

async function shell(storage: string): Promise<Shell> {
  const { env, folder } = await settings({ storage, env: { SIGNET_DEMO__ENABLED: 'false' } })
  folders.push(folder)
  const run = async (words: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await runSignet(words, env, input)
    expect(code, `${words.join(' ')}: ${stderr}`).toBe(0)
    return stdout
  }
  return Object.assign(run, {
    env,
    json: async (words: readonly string[], input?: string) =>
      JSON.parse(await run([...words, '--json'], input)),
    async refused(expected: 1 | 2, words: readonly string[], input?: string) {
      const { code, stdout, stderr } = await runSignet(words, env, input)
      expect(code, `${words.join(' ')}: ${stderr}`).toBe(expected)
      expect(stdout).toBe('')
      expect(stderr).not.toMatch(/^\s+at |node:internal/m)
      expect(stderr.trim().length).toBeGreaterThan(10)
      return stderr
    },
  })
}

it('help lists every command; a command that does not exist, or is said wrong, is exit code 2 with its usage', async () => {
  const signet = await shell('sqlite:unused.db')
  const help = await signet(['help'])
  for (const command of [
    ...['create', 'list', 'show', 'update', 'remove', 'secret add', 'secret list', 'secret remove'].map(
      (verb) => `client ${verb}`,
    ),
    ...['create', 'import', 'list', 'show', 'suspend', 'restore', 'remove'].map((verb) => `identity ${verb}`),
    ...[
      'keys list',
      'keys rotate',
      'audit list',
      'config check',
      'config reference',
      'migrate',
      'backup',
      'restore',
      'start',
    ],
  ])
    expect(help).toContain(command)
  await signet.refused(2, ['clients', 'make'])
  expect(await signet.refused(2, ['client', 'create'])).toContain('usage: signet client create')
  expect(await signet.refused(2, ['client', 'show'])).toContain('client_id')
  await signet.refused(2, ['client', 'list', '--no-such-option'])
  await signet.refused(2, ['audit', 'list', '--limit', 'many'])
  expect(await signet(['client', 'create', '--help'])).toContain('--redirect-uri')
})

it('takes no secret from an argument', async () => {
  const signet = await shell('sqlite:unused.db')
  for (const words of [
    ['identity', 'create', '--email', 'ana@example.com', '--password', 'plenty of orchards'],
    ['identity', 'create', '--email', 'ana@example.com', '--password-stdin=plenty of orchards'],
    ['client', 'create', '--name', 'App', '--redirect-uri', callback, '--secret', 'x'.repeat(40)],
    ['client', 'secret', 'add', 'some-client', 'x'.repeat(40)],
    ['start', '--master-key', 'x'.repeat(43)],
  ])
    await signet.refused(2, words)
})

it('config check says what it found, and every fault at once with exit code 1; the reference names every key', async () => {
  const signet = await shell('sqlite:unused.db')
  expect(await signet(['config', 'check'])).toContain('development')
  expect(await signet(['config', 'reference'])).toContain('SIGNET_MASTER_KEY')
  const folder = await mkdtemp(join(tmpdir(), 'signet-config-'))
  folders.push(folder)
  const file = join(folder, 'signet.yaml')
  await writeFile(
    file,
    'mode: production\nissuer: http://id.example.com\ninbox: true\nlifetimes: { code: 5m }\n',
  )
  const { code, stderr } = await runSignet(['config', 'check'], { ...signet.env, SIGNET_CONFIG: file })
  expect(code).toBe(1)
  for (const named of ['issuer', 'inbox', 'lifetimes.code', 'mail.url', 'signet.yaml'])
    expect(stderr).toContain(named)
})

// A process for each command takes its time.
const patience = 180_000

onSqlite((_, fresh) => {
  it(
    'client: create, list, show, update, secrets, remove',
    async () => {
      const signet = await shell(await fresh())
      const made = await signet.json<{ client_id: string; client_secret: string }>([
        'client',
        'create',
        '--name',
        'My app',
        '--redirect-uri',
        callback,
        '--redirect-uri',
        `${callback}2`,
      ])
      expect(made.client_secret.length).toBeGreaterThanOrEqual(32)
      expect(made).toMatchObject({ client_name: 'My app', redirect_uris: [callback, `${callback}2`] })
      const { client_id: id, client_secret: secret } = made

      const shown = await signet(['client', 'show', id])
      expect(shown).toContain('My app')
      expect(shown).not.toContain(secret)
      expect(await signet(['client', 'list'])).toContain(id)
      const listed = await signet.json<{ client_id: string }[]>(['client', 'list'])
      expect(listed.map((one) => one.client_id)).toContain(id)
      expect(JSON.stringify(listed)).not.toContain(secret)

      await signet(['client', 'update', id, '--name', 'Better app'])
      expect(await signet.json(['client', 'show', id])).toMatchObject({
        client_name: 'Better app',
        redirect_uris: [callback, `${callback}2`],
      })
      await signet(['client', 'update', id, '--disable'])
      expect(await signet.json(['client', 'show', id])).toMatchObject({ state: 'disabled' })

      const added = await signet.json<{ client_secret: string; secret_id: string }>([
        'client',
        'secret',
        'add',
        id,
      ])
      expect(added.client_secret).not.toBe(secret)
      const secrets = await signet.json<{ id: string }[]>(['client', 'secret', 'list', id])
      expect(secrets).toHaveLength(2)
      expect(JSON.stringify(secrets)).not.toContain(added.client_secret)
      expect(await signet(['client', 'secret', 'list', id])).toContain(added.secret_id)
      await signet(['client', 'secret', 'remove', id, added.secret_id])
      expect(await signet.json<unknown[]>(['client', 'secret', 'list', id])).toHaveLength(1)

      await signet(['client', 'remove', id])
      expect(await signet.refused(1, ['client', 'show', id])).toContain(id)
      for (const words of [['remove'], ['update'], ['secret', 'add'], ['secret', 'list']])
        expect(await signet.refused(1, ['client', ...words, id])).toContain(id)
    },
    patience,
  )

  it(
    'client create refuses what would be unsafe, with every reason, and makes public and machine clients',
    async () => {
      const signet = await shell(await fresh())
      const create = (...uris: string[]) => [
        'client',
        'create',
        '--name',
        'App',
        ...uris.flatMap((uri) => ['--redirect-uri', uri]),
      ]
      const reasons = await signet.refused(
        1,
        create('http://evil.example/cb', 'javascript:alert(1)', 'https://*.example.com/cb'),
      )
      for (const uri of ['http://evil.example/cb', 'javascript:alert(1)', 'https://*.example.com/cb'])
        expect(reasons).toContain(uri)
      expect(await signet.json([...create('com.example.app:/callback'), '--public'])).not.toHaveProperty(
        'client_secret',
      )
      const machine = await signet.json(['client', 'create', '--name', 'Machine', '--machine'])
      expect(machine).toMatchObject({ grant_types: ['client_credentials'] })
      expect(machine).toHaveProperty('client_secret')
    },
    patience,
  )

  it(
    'identity: create with a password or an invitation, list, show, suspend, restore, remove',
    async () => {
      const signet = await shell(await fresh())
      const ana = await signet.json<{ id: string; sub: string }>(
        [
          'identity',
          'create',
          '--email',
          'ana@example.com',
          '--email-verified',
          '--name',
          'Ana',
          '--username',
          'ana',
          '--password-stdin',
        ],
        'plenty of orchards in autumn\n',
      )
      expect(ana.sub).toBe(ana.id)
      expect(await signet.json(['identity', 'show', 'ana'])).toMatchObject({
        id: ana.id,
        state: 'active',
        name: 'Ana',
      })
      expect(await signet(['identity', 'show', ana.id])).toContain('ana@example.com')
      expect(await signet(['identity', 'list'])).toContain(ana.id)

      const number = '+4915112345678'
      const phoned = ['--email', 'kim@example.com', '--phone', number]
      await signet(['identity', 'create', ...phoned, '--phone-verified'])
      expect(await signet.json(['identity', 'show', number])).toMatchObject({
        identifiers: [
          { kind: 'email', value: 'kim@example.com' },
          { kind: 'phone', value: number, verifiedAt: expect.any(Number) },
        ],
      })

      const ben = await signet(['identity', 'create', '--email', 'ben@example.com'])
      expect(ben).toMatch(/http:\/\/localhost:\d+\/invitation\?token=[\w-]{43}/)
      expect(await signet.json(['identity', 'show', 'ben@example.com'])).toMatchObject({ state: 'invited' })
      const { items } = await signet.json<{ items: { id: string }[] }>([
        'identity',
        'list',
        '--search',
        'ana',
      ])
      expect(items.map(({ id }) => id)).toEqual([ana.id])

      expect(await signet.refused(1, ['identity', 'create', '--email', 'ANA@example.com'])).toContain('email')
      expect(await signet.refused(1, ['identity', 'create', '--email', 'nobody'])).toContain('email')
      const weak = await signet.refused(
        1,
        ['identity', 'create', '--email', 'eve@example.com', '--password-stdin'],
        'short',
      )
      expect(weak).toContain('password')
      expect(weak).not.toContain('short\n')
      await signet.refused(1, ['identity', 'show', 'eve@example.com'])

      expect(await signet.json(['identity', 'suspend', 'ana@example.com'])).toMatchObject({
        id: ana.id,
        state: 'suspended',
      })
      expect(await signet.refused(1, ['identity', 'suspend', ana.id])).toContain('suspended')
      expect(await signet(['identity', 'restore', ana.id])).toContain('active')
      await signet(['identity', 'remove', ana.id])
      await signet.refused(1, ['identity', 'show', 'ana@example.com'])
      await signet.refused(1, ['identity', 'suspend', ana.id])
      expect(await signet(['identity', 'list'])).not.toContain('Ana')
    },
    patience,
  )

  it(
    'keys and audit: list, rotate, what happened and who did it, without a secret',
    async () => {
      const signet = await shell(await fresh())
      interface Key {
        kid: string
        state: string
      }
      const before = await signet.json<Key[]>(['keys', 'list'])
      expect(before.map(({ state }) => state)).toContain('current')
      expect(await signet(['keys', 'list'])).toContain(before[0]?.kid)
      await signet(['keys', 'rotate'])
      const published = await signet.json<Key[]>(['keys', 'list'])
      expect(published.filter(({ state }) => state === 'next').length).toBeGreaterThan(0)
      const now = await signet.json<Key[]>(['keys', 'rotate', '--now'])
      const current = now.filter(({ state }) => state === 'current').map(({ kid }) => kid)
      for (const { kid } of before) expect(current).not.toContain(kid)

      const { client_secret: secret } = await signet.json<{ client_secret: string }>([
        'client',
        'create',
        '--name',
        'App',
        '--redirect-uri',
        callback,
      ])
      const audit = await signet.json<{ items: { action: string; actor: { kind: string } }[] }>([
        'audit',
        'list',
      ])
      expect(audit.items.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['key.rotated', 'client.created']),
      )
      expect(audit.items.every(({ actor }) => ['operator', 'system'].includes(actor.kind))).toBe(true)
      expect(JSON.stringify(audit)).not.toContain(secret)
      const text = await signet(['audit', 'list', '--action', 'client.created', '--limit', '1'])
      expect(text.trim().split('\n')).toHaveLength(1)
    },
    patience,
  )

  it(
    'migrate says that there is nothing left to do; back-up and restore bring back what was there',
    async () => {
      const signet = await shell(await fresh())
      await signet(['migrate'])
      expect(await signet.json(['migrate'])).toEqual({ ran: [] })
      const folder = await mkdtemp(join(tmpdir(), 'signet-backup-'))
      folders.push(folder)
      const file = join(folder, 'signet.backup')
      const input = 'plenty of orchards in autumn'
      await signet(['identity', 'create', '--email', 'ana@example.com', '--password-stdin'], input)
      expect(await signet.json(['backup', file])).toEqual({ file })
      expect((await stat(file)).mode & 0o077).toBe(0)
      await signet(['identity', 'remove', 'ana@example.com'])
      expect(await signet.refused(1, ['restore', file])).toContain('--force')
      await signet(['restore', file, '--force'])
      expect(await signet.json(['identity', 'show', 'ana@example.com'])).toMatchObject({ state: 'active' })
      await signet.refused(1, ['restore', join(folder, 'missing')])
    },
    patience,
  )

  it(
    'identity import: people with argon2 hashes sign in, faulty lines are named and stop nobody else',
    async () => {
      const signet = await shell(await fresh())
      const { hash } = await import('argon2')
      const line = async (email: string, rest: object = {}) =>
        JSON.stringify({ email, email_verified: true, ...rest })
      const password_hash = await hash('plenty of orchards in autumn', {
        memoryCost: 64,
        timeCost: 1,
        parallelism: 1,
      })
      const good = [
        await line('ana@example.com', { name: 'Ana', password_hash }),
        await line('ben@example.com'),
      ]
      expect(await signet.json(['identity', 'import'], good.join('\n'))).toMatchObject({ created: 2 })
      expect(await signet.json(['identity', 'show', 'ana@example.com'])).toMatchObject({
        state: 'active',
        name: 'Ana',
      })
      expect(await signet.json(['identity', 'show', 'ben@example.com'])).toMatchObject({ state: 'invited' })

      const mixed = [
        'not json',
        await line('ana@example.com'),
        await line('eve@example.com', { role: 'administrator' }),
        await line('cleo@example.com'),
      ]
      const complaint = await signet.refused(1, ['identity', 'import'], mixed.join('\n'))
      for (const number of [1, 2, 3]) expect(complaint).toContain(`line ${number}:`)
      expect(complaint).not.toContain('line 4')
      expect(await signet.json(['identity', 'show', 'cleo@example.com'])).toMatchObject({ state: 'invited' })
      await signet.refused(1, ['identity', 'show', 'eve@example.com'])
    },
    patience,
  )
})

onMongodb((_, fresh) => {
  it(
    'works the same on MongoDB, and leaves back-ups to its own tools',
    async () => {
      const signet = await shell(await fresh())
      const made = await signet.json<{ client_id: string }>([
        'client',
        'create',
        '--name',
        'App',
        '--redirect-uri',
        callback,
      ])
      expect(await signet(['client', 'list'])).toContain(made.client_id)
      const input = 'plenty of orchards in autumn'
      await signet(['identity', 'create', '--email', 'ana@example.com', '--password-stdin'], input)
      expect(await signet.json(['identity', 'suspend', 'ana@example.com'])).toMatchObject({
        state: 'suspended',
      })
      expect(await signet(['audit', 'list'])).toContain('identity.suspended')
      expect(await signet.refused(1, ['backup', '/tmp/never'])).toContain('mongodump')
      expect(await signet.refused(1, ['restore', '/tmp/never'])).toContain('mongorestore')
    },
    patience,
  )
})
