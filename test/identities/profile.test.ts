import { expect, it } from 'vitest'
import { eachStore } from '../support/stores.ts'
import { createWorld, operator, parallel, type World } from './world.ts'

async function person({ identities }: World, name: string) {
  const created = await identities.create(
    {
      identifiers: [
        { kind: 'email', written: `${name}@example.com` },
        { kind: 'username', written: name },
      ],
      state: 'active',
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.status)
  return created.identity
}

eachStore((_, open) => {
  it('changes claims, groups and roles, and says in the audit which', async () => {
    const world = await createWorld(open)
    const { id } = await person(world, 'ana')
    const change = {
      claims: { name: 'Ana', locale: 'pt' },
      groups: ['b', 'a'],
      roles: ['administrator'],
    } as const
    expect(await world.identities.update(id, change, operator)).toMatchObject({
      status: 'updated',
      identity: {
        version: 2,
        claims: { name: 'Ana', locale: 'pt' },
        groups: ['a', 'b'],
        roles: ['administrator'],
      },
    })
    const [entry] = (await world.audit.list({ limit: 1 })).items
    expect(entry).toMatchObject({
      action: 'identity.updated',
      details: { changed: ['name', 'locale', 'groups', 'roles'] },
    })
  })

  it('S38: assigns nothing but claims, groups and roles', async () => {
    const world = await createWorld(open)
    const { id, identifiers } = await person(world, 'ana')
    const sly = {
      id: 'other',
      state: 'deleted',
      identifiers: [],
      createdAt: 0,
      notBefore: 0,
      version: 9,
      claims: { name: 'Ana' },
    }
    expect((await world.identities.update(id, sly, operator)).status).toBe('updated')
    const after = await world.identities.get(id)
    expect(after).toMatchObject({ id, state: 'active', identifiers, version: 2 })
    expect(after).not.toHaveProperty('notBefore')
  })

  it('writes and records nothing when nothing changes', async () => {
    const world = await createWorld(open)
    const { id } = await person(world, 'ana')
    await world.identities.update(id, { claims: { name: 'Ana' } }, operator)
    expect(
      await world.identities.update(id, { claims: { name: 'Ana' }, groups: [] }, operator),
    ).toMatchObject({ identity: { version: 2 } })
    expect(await world.store.audit.count()).toBe(2)
  })

  it('loses none of 8 parallel changes', async () => {
    const world = await createWorld(open)
    const { id } = await person(world, 'ana')
    const names = [
      'name',
      'given_name',
      'family_name',
      'middle_name',
      'nickname',
      'gender',
      'locale',
      'birthdate',
    ] as const
    const values: Record<string, string> = { locale: 'pt', birthdate: '1990' }
    await parallel(8, (index) => {
      const name = names[index] ?? 'name'
      return world.identities.update(id, { claims: { [name]: values[name] ?? name } }, operator)
    })
    expect(Object.keys((await world.identities.get(id))?.claims ?? {}).sort()).toEqual([...names].sort())
  })

  it('answers what is invalid or unknown, and does not touch the deleted', async () => {
    const world = await createWorld(open)
    const { id } = await person(world, 'ana')
    expect(
      await world.identities.update(id, { claims: { picture: 'http://example.com' } }, operator),
    ).toEqual({ status: 'invalid', kind: 'picture' })
    expect(await world.identities.update('nobody', {}, operator)).toEqual({ status: 'unknown' })
    await world.identities.remove(id, operator)
    expect(await world.identities.update(id, { claims: { name: 'Ana' } }, operator)).toEqual({
      status: 'unknown',
    })
  })

  it('verifies an identifier once, and only one that the identity has', async () => {
    const world = await createWorld(open)
    const { id } = await person(world, 'ana')
    const { identities, audit, clock } = world
    expect(await identities.verifyIdentifier(id, 'email', 'eve@example.com', operator)).toBe(false)
    expect(await identities.verifyIdentifier(id, 'email', 'ANA@example.com', operator)).toBe(true)
    const at = clock.now()
    clock.advance(1_000)
    expect(await identities.verifyIdentifier(id, 'email', 'ana@example.com', operator)).toBe(true)
    expect((await identities.get(id))?.identifiers[0]?.verifiedAt).toBe(at)
    expect((await audit.list({ action: 'identity.identifier-verified', limit: 10 })).items).toHaveLength(1)
  })

  it('lists page by page, leaving out the deleted', async () => {
    const world = await createWorld(open)
    const made = await parallel(7, (index) => person(world, `person${index}`))
    await world.identities.remove(made[3]?.id ?? '', operator)
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await world.identities.list({ limit: 3, ...(after === undefined ? {} : { after }) })
      seen.push(...page.items.map(({ id }) => id))
      after = page.next
    } while (after !== undefined)
    expect(seen).toEqual(
      made
        .map(({ id }) => id)
        .filter((id) => id !== made[3]?.id)
        .sort(),
    )
  })

  it('searches by the beginning of any identifier, or by id, page by page', async () => {
    const world = await createWorld(open)
    for (const name of ['ana', 'anabel', 'anatole', 'ben']) await person(world, name)
    const found = async (search: string, limit = 10) => {
      const names: (string | undefined)[] = []
      let after: string | undefined
      do {
        const page = await world.identities.list({ search, limit, ...(after === undefined ? {} : { after }) })
        names.push(...page.items.map(({ identifiers }) => identifiers[1]?.written))
        after = page.next
      } while (after !== undefined)
      return [...new Set(names)].sort()
    }
    expect(await found('ANA')).toEqual(['ana', 'anabel', 'anatole'])
    expect(await found('ana', 1)).toEqual(['ana', 'anabel', 'anatole'])
    expect(await found('ana@')).toEqual(['ana'])
    expect(await found('ben@example.com')).toEqual(['ben'])
    expect(await found('nobody')).toEqual([])
    expect(await found('%')).toEqual([])
    expect(await found('\ud800')).toEqual([])
    const ben = await world.identities.findByIdentifier('any', 'ben')
    expect(await found(ben?.id ?? '')).toEqual(['ben'])
  })
})
