/** People at the command line: made, invited, shown, suspended, removed, brought along from elsewhere. */
import { expect, it } from 'vitest'
import { onSqlite } from '../support/stores.ts'
import { shell } from './shell.ts'

onSqlite((_, fresh) => {
  it('identity: create with a password or an invitation, list, show, suspend, restore, remove', async () => {
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
    const { items } = await signet.json<{ items: { id: string }[] }>(['identity', 'list', '--search', 'ana'])
    expect(items.map(({ id }) => id)).toEqual([ana.id])

    expect(await signet.refused(1, ['identity', 'create', '--email', 'ANA@example.com'])).toContain('email')
    expect(await signet.refused(1, ['identity', 'create', '--email', 'nobody'])).toContain('email')
    const weak = await signet.refused(
      1,
      ['identity', 'create', '--email', 'eve@example.com', '--username', 'eve', '--password-stdin'],
      'short',
    )
    expect(weak).toContain('password')
    expect(weak).not.toContain('short\n')
    await signet.refused(1, ['identity', 'show', 'eve@example.com'])
    // Nobody was created: the name is nobody's either.
    await signet(['identity', 'create', '--email', 'eve@example.com', '--username', 'eve'])

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
  })

  it('identity import: people with argon2 hashes sign in, faulty lines are named and stop nobody else', async () => {
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

    const named = (hashed: string) =>
      line('dan@example.com', { preferred_username: 'dan', password_hash: hashed })
    const broken = await signet.refused(1, ['identity', 'import'], await named('$argon2id$broken'))
    expect(broken).toContain('password_hash')
    expect(await signet.json(['identity', 'import'], await named(password_hash))).toMatchObject({
      created: 1,
    })
  })
})
