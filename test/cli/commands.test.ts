/** The command line as people and scripts use it: exit codes, words for people, JSON for scripts, and no secret where others can read it. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { onMongodb, onSqlite } from '../support/stores.ts'
import { shell } from './shell.ts'

const folders: string[] = []
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

const callback = 'http://localhost:4000/callback'
it('help lists every command; a command that does not exist, or is said wrong, is exit code 2 with its usage', async () => {
  const signet = await shell('sqlite:unused.db')
  const help = await signet(['help'])
  for (const command of [
    ...['create', 'list', 'show', 'update', 'remove', 'secret add', 'secret list', 'secret remove'].map(
      (verb) => `client ${verb}`,
    ),
    ...[
      'create',
      'import',
      'list',
      'show',
      'suspend',
      'restore',
      'remove',
      'reviewer add',
      'reviewer remove',
    ].map((verb) => `identity ${verb}`),
    ...[
      'keys list',
      'keys rotate',
      'audit list',
      'audit verify',
      'config check',
      'config reference',
      'migrate',
      'backup',
      'restore',
      'start',
    ],
  ])
    expect(help).toContain(command)
  for (const words of [
    ['client', '--help'],
    ['client', '-h'],
    ['help', 'client'],
  ]) {
    const about = await signet(words)
    expect(about).toContain('client secret add')
    expect(about).not.toContain('identity create')
  }
  expect(await signet(['-h'])).toBe(help)
  await signet.refused(2, ['help', 'clients'])
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
  const { code, stderr } = await signet.outcome(['config', 'check'], '', { SIGNET_CONFIG: file })
  expect(code).toBe(1)
  for (const named of ['issuer', 'inbox', 'lifetimes.code', 'mail.url', 'signet.yaml'])
    expect(stderr).toContain(named)
})

onSqlite((_, fresh) => {
  it('an id that begins with a dash is no option', async () => {
    const signet = await shell(await fresh())
    for (const id of ['-Tzz1oNHQ3x', '--Tzz1oNHQ3'])
      expect(await signet.refused(1, ['client', 'secret', 'remove', 'none', id])).toContain('none')
    for (const id of ['-Tzz1oNHQ3x', '--Tzz1oNHQ3'])
      expect(await signet.refused(1, ['client', 'update', id, '--name', '-T1'])).toContain(id)
    await signet.refused(2, ['client', 'show', '-x'])
  })

  it('client: create, list, show, update, secrets, remove', async () => {
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
    const secrets = await signet.json<{ id: string; created_at: string }[]>(['client', 'secret', 'list', id])
    expect(secrets.map(({ created_at }) => new Date(created_at).toISOString())).toEqual(
      secrets.map(({ created_at }) => created_at),
    )
    expect(secrets).toHaveLength(2)
    expect(JSON.stringify(secrets)).not.toContain(added.client_secret)
    expect(await signet(['client', 'secret', 'list', id])).toContain(added.secret_id)
    expect(await signet.refused(1, ['client', 'secret', 'remove', id, 'no-such'])).toContain(
      "no secret 'no-such'",
    )
    await signet(['client', 'secret', 'remove', id, added.secret_id])
    expect(await signet.json<unknown[]>(['client', 'secret', 'list', id])).toHaveLength(1)

    await signet(['client', 'remove', id])
    expect(await signet.refused(1, ['client', 'show', id])).toContain(id)
    for (const words of [['remove'], ['update'], ['secret', 'add'], ['secret', 'list']])
      expect(await signet.refused(1, ['client', ...words, id])).toContain(id)
  })

  it('client create refuses what would be unsafe, with every reason, and makes public and machine clients', async () => {
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
  })

  it('keys and audit: list, rotate, what happened and who did it, without a secret', async () => {
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
  })

  it('migrate says that there is nothing left to do; back-up and restore bring back what was there', async () => {
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
  })

  it('makes somebody a reviewer and takes it back; whatever else they are they stay', async () => {
    const signet = await shell(await fresh())
    const input = 'plenty of orchards in autumn'
    const create = ['identity', 'create', '--email', 'ana@example.com', '--administrator', '--password-stdin']
    await signet(create, input)
    const roles = (verb: string) => signet.json(['identity', 'reviewer', verb, 'ana@example.com'])
    expect(await roles('add')).toMatchObject({ roles: ['administrator', 'reviewer'] })
    expect(await roles('add')).toMatchObject({ roles: ['administrator', 'reviewer'] })
    expect(await roles('remove')).toMatchObject({ roles: ['administrator'] })
    await signet(
      ['identity', 'create', '--email', 'rita@example.com', '--reviewer', '--password-stdin'],
      input,
    )
    expect(await signet.json(['identity', 'show', 'rita@example.com'])).toMatchObject({ roles: ['reviewer'] })
    expect(await signet.refused(1, ['identity', 'reviewer', 'add', 'nobody@example.com'])).toContain('nobody')
  })
})

onMongodb((_, fresh) => {
  it('works the same on MongoDB, and leaves back-ups to its own tools', async () => {
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
  })
})
