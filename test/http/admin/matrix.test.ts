/**
 * S38: every route of the portal and the console, by every role, with another person's ids in the path and in the form. The routes come from the
 * tables themselves: a new one is in here, or fails for want of a value for its parameter.
 */
import { expect, it } from 'vitest'
import { minute } from '../../../src/domain/time.ts'
import { addPerson } from '../../support/person.ts'
import { useSignet } from '../../support/signet.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { guarded, label, prepare, request, signedIn } from './matrix-scene.ts'

/** POSTs that need no fresh sign-in: they only take away, or change nothing that protects. */
const lasting = [
  '/account/profile',
  '/account/profile/picture',
  '/account/profile/picture/remove',
  // A fire drill uses up nothing, and nothing comes of it.
  '/account/security/drill',
  '/account/security/drill/try/choose',
  '/account/security/drill/try/prove/:factor',
  '/account/security/drill/try/give-up',
  '/account/security/drill/try/cancel',
  '/account/sessions/others/end',
  '/account/sessions/:session/end',
  '/account/applications/:client/narrow',
  '/account/applications/:client/withdraw',
  '/account/data/keep',
  '/account/activity/:entry/end',
]

eachStore((_, __, fresh) => {
  const start = useSignet(fresh)

  it('S38: a stranger is sent to sign in, by every page and by every form', async () => {
    const scene = await prepare(await start())
    const stranger = createVisitor()
    const before = await scene.state()
    for (const route of guarded(scene)) {
      const answer = await request(scene, stranger, route)
      expect(answer.status, label(route)).toBe(303)
      expect(answer.headers.get('location'), label(route)).toMatch(/^\/authorize\?.*response_type=none/)
    }
    expect(await scene.state()).toEqual(before)
  })

  it('S38: a person without the role gets 403 everywhere in the console, whatever the ids', async () => {
    const scene = await prepare(await start())
    const eve = await signedIn(scene.signet, 'eve@example.com')
    const before = await scene.state()
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin'))) {
      const answer = await request(scene, eve, route)
      expect(answer.status, label(route)).toBe(403)
      expect(await answer.text(), label(route)).not.toMatch(/ana@example\.com|Ana Ruiz/)
    }
    expect(await scene.state()).toEqual(before)
    expect(await scene.signet.house.identities.findByIdentifier('email', 'new@example.com')).toBeUndefined()
  })

  for (const who of ['eve@example.com', 'root@example.com'])
    it(`S38: ${who} reaches nothing of another person through the portal, whatever the ids`, async () => {
      const scene = await prepare(await start())
      const visitor = await signedIn(scene.signet, who)
      const before = await scene.state()
      for (const route of guarded(scene).filter(({ path }) => !path.startsWith('/admin'))) {
        const answer = await request(scene, visitor, route)
        expect([200, 303, 404, 422], `${label(route)} answered ${answer.status}`).toContain(answer.status)
        expect(await answer.text(), label(route)).not.toMatch(/ana@example\.com|Ana Ruiz/)
      }
      expect(await scene.state()).toEqual(before)
    })

  it('S38: an administrator is served by every route, and a new role or state comes from no form', async () => {
    const scene = await prepare(await start())
    const root = await signedIn(scene.signet, 'root@example.com')
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin'))) {
      const answer = await request(scene, root, route)
      expect([200, 201, 303, 409], `${label(route)} answered ${answer.status}`).toContain(answer.status)
      if (answer.status === 303)
        expect(answer.headers.get('location'), label(route)).not.toContain('/authorize')
    }
    const { identities, clients } = scene.signet.house
    const made = await identities.findByIdentifier('email', 'new@example.com')
    expect(made).toMatchObject({
      state: 'invited',
      roles: [],
      groups: ['staff'],
      claims: { name: 'Somebody New' },
    })
    expect(made?.identifiers).toMatchObject([{ kind: 'email', written: 'new@example.com' }])
    expect(made?.identifiers[0]?.verifiedAt).toBeUndefined()
    expect(await identities.get(scene.ana)).toMatchObject({ roles: [], groups: [] })
    const { items } = await clients.list({ limit: 100 })
    const client = items.find(({ metadata }) => metadata.client_name === 'Somebody New')
    expect(client).toMatchObject({ firstParty: false, origin: 'store', state: 'enabled' })
    expect(client).not.toHaveProperty('pkceExempt')
    expect(client?.metadata).not.toHaveProperty('scope')
  })

  it('S38: a reviewer is served by every page of cases and gets 403 everywhere else in the console', async () => {
    const scene = await prepare(await start())
    await addPerson(scene.signet.house, 'rita@example.com', { claims: { name: 'Rita' }, roles: ['reviewer'] })
    const rita = await signedIn(scene.signet, 'rita@example.com')
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin'))) {
      const { status } = await request(scene, rita, route)
      const allowed = route.path.startsWith('/admin/cases') ? [200, 303, 409] : [403]
      expect(allowed, `${label(route)} answered ${status}`).toContain(status)
    }
  })

  it('S38: neither is the case of somebody who is a reviewer shown to them, nor does anybody make themselves one', async () => {
    const scene = await prepare(await start())
    const { identities } = scene.signet.house
    const operator = { kind: 'operator' } as const
    await identities.update(scene.ana, { role: { name: 'reviewer', held: true } }, operator)
    const ana = await signedIn(scene.signet, 'ana@example.com')
    const { cases } = (await scene.state()) as { cases: unknown }
    for (const route of guarded(scene).filter(({ path }) => path.startsWith('/admin/cases/')))
      expect((await request(scene, ana, route)).status, label(route)).toBe(404)
    expect(await scene.state()).toMatchObject({ cases })
    await identities.update(scene.ana, { roles: ['administrator'] }, operator)
    for (const route of guarded(scene).filter(({ path }) => path.endsWith('reviewer')))
      expect((await request(scene, ana, route)).status, label(route)).toBe(403)
    expect(await identities.get(scene.ana)).toMatchObject({ roles: ['administrator'] })
  })

  it('S36: no form of an administrator is taken without the token of their browser', async () => {
    const scene = await prepare(await start())
    const root = await signedIn(scene.signet, 'root@example.com')
    const before = await scene.state()
    for (const route of guarded(scene).filter(({ method }) => method === 'POST')) {
      const answer = await request(scene, root, route, { csrf: '' })
      expect(answer.status, label(route)).toBe(403)
    }
    expect(await scene.state()).toEqual(before)
  })

  it('S18: S30: six minutes after the sign-in every change asks for a new one, and comes back to a page', async () => {
    let now = Date.now()
    const scene = await prepare(await start({ clock: () => now }))
    const root = await signedIn(scene.signet, 'root@example.com')
    now += 6 * minute
    const before = await scene.state()
    const gets = new Set(scene.routes.filter(({ method }) => method === 'GET').map(({ path }) => path))
    for (const route of guarded(scene).filter(({ method }) => method === 'POST')) {
      if (lasting.includes(route.path)) continue
      expect(gets, label(route)).toContain(route.path)
      for (const each of [route, { ...route, method: 'GET' as const }]) {
        const answer = await request(scene, root, each)
        expect(answer.headers.get('location'), label(each)).toMatch(/^\/authorize\?.*prompt=login/)
      }
    }
    expect(await scene.state()).toEqual(before)
  })
})
