import { expect, it } from 'vitest'
import { createPictures } from '../../src/identities/pictures.ts'
import { eachStore } from '../support/stores.ts'
import { createWorld, operator, parallel, type World } from './world.ts'

const issuer = 'https://id.example.com'
const file = { type: 'image/png', bytes: Buffer.from('sent') } as const

function picturesOf(world: World) {
  return createPictures({
    ...world,
    clock: world.clock.now,
    issuer,
    make: async (_, bytes) =>
      Buffer.from(bytes).includes('bad')
        ? { status: 'refused', reason: 'unreadable' }
        : { status: 'made', bytes: Buffer.from('made') },
  })
}

async function person({ identities }: World, name: string) {
  const identifiers = [{ kind: 'email', written: `${name}@example.com` }] as const
  const created = await identities.create({ identifiers, state: 'active' }, operator)
  if (created.status !== 'created') throw new Error(created.status)
  return created.identity.id
}

eachStore((_, open) => {
  const pictureOf = async ({ identities }: World, id: string) =>
    (await identities.get(id))?.claims.picture ?? ''
  const idIn = (picture: string) => picture.split('/').at(-1) ?? ''

  it('what was made of a picture is shown at an address of its own, which is the claim', async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const ana = await person(world, 'ana')
    const set = await pictures.set(ana, file, operator)
    const picture = await pictureOf(world, ana)
    expect(set).toEqual({ status: 'set', picture })
    expect(picture).toMatch(/^https:\/\/id\.example\.com\/pictures\/[\w-]{22}$/)
    expect(Buffer.from((await pictures.find(idIn(picture))) ?? []).toString()).toBe('made')
    const [entry] = (await world.audit.list({ limit: 1 })).items
    expect(entry).toMatchObject({ action: 'identity.updated', details: { changed: ['picture'] } })
    expect(await pictures.find('unknown')).toBeUndefined()
  })

  it('leaves everything as it was when the picture cannot be read, or there is nobody', async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const ana = await person(world, 'ana')
    const bad = { ...file, bytes: Buffer.from('bad') }
    expect(await pictures.set(ana, bad, operator)).toEqual({ status: 'refused', reason: 'unreadable' })
    await world.identities.remove(ana, operator)
    for (const id of [ana, 'nobody'])
      expect(await pictures.set(id, file, operator)).toEqual({ status: 'unknown' })
    expect(await world.store.pictures.count()).toBe(0)
  })

  it('the one before goes when another one comes, the claim is taken away, or an address of another house is written there', async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const ana = await person(world, 'ana')
    await pictures.set(ana, file, operator)
    const first = await pictureOf(world, ana)
    await pictures.set(ana, file, operator)
    expect(await pictures.find(idIn(first))).toBeUndefined()
    expect(await world.store.pictures.count()).toBe(1)
    await world.identities.update(ana, { claims: { name: 'Ana' } }, operator)
    expect(await world.store.pictures.count()).toBe(1)
    const picture = 'https://elsewhere.example/ana.png'
    await world.identities.update(ana, { claims: { picture } }, operator)
    expect([await pictureOf(world, ana), await world.store.pictures.count()]).toEqual([picture, 0])
    await pictures.set(ana, file, operator)
    await world.identities.update(ana, { claims: { picture: null } }, operator)
    expect([await pictureOf(world, ana), await world.store.pictures.count()]).toEqual(['', 0])
  })

  it('of any number at once one stays, and no other is kept', async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const ana = await person(world, 'ana')
    const all = await parallel(8, () => pictures.set(ana, file, operator))
    expect(all.every(({ status }) => status === 'set')).toBe(true)
    expect(await world.store.pictures.count()).toBe(1)
    expect(await pictures.find(idIn(await pictureOf(world, ana)))).toBeDefined()
  })

  it("S38: nobody takes away another person's picture by writing its address into a claim of their own", async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const [ana, bob] = [await person(world, 'ana'), await person(world, 'bob')]
    await pictures.set(ana, file, operator)
    const picture = await pictureOf(world, ana)
    await world.identities.update(bob, { claims: { picture } }, operator)
    await world.identities.update(bob, { claims: { picture: null } }, operator)
    expect(await pictures.find(idIn(picture))).toBeDefined()
  })

  it('S39: is not shown while its person may hold no tokens: whoever runs the service takes it from everybody at once', async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const ana = await person(world, 'ana')
    await pictures.set(ana, file, operator)
    const id = idIn(await pictureOf(world, ana))
    for (const stop of ['suspend', 'disable'] as const) {
      await world.identities[stop](ana, operator)
      expect(await pictures.find(id), stop).toBeUndefined()
      await world.identities.restore(ana, operator)
      expect(await pictures.find(id)).toBeDefined()
    }
  })

  it('is erased with its identity, even one that a crash left behind', async () => {
    const world = await createWorld(open)
    const pictures = picturesOf(world)
    const ana = await person(world, 'ana')
    await pictures.set(ana, file, operator)
    await world.store.pictures.insert({ id: 'left', identityId: ana, bytes: '', createdAt: 0 })
    await world.identities.remove(ana, operator)
    expect(await world.store.pictures.count()).toBe(0)
  })
})
