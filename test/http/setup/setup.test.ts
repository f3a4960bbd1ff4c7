import { expect, it } from 'vitest'
import { useSignet } from '../../support/signet.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor, words } from '../../support/visitor.ts'

const password = 'plenty of orchards in autumn'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('says what is wrong beside the field, keeps what was right, and does not spend the code on it', async () => {
    const signet = await open()
    const { url = '', code = '' } = signet.started.setup ?? {}
    const visitor = createVisitor()
    const form = await visitor.get(url)
    const wrong: readonly (readonly [string, Record<string, string>])[] = [
      ['code', { code: 'not the code', name: 'Root', email: 'root@example.com' }],
      ['email', { code, name: 'Root', email: 'root@' }],
      ['name', { code, name: '   ', email: 'root@example.com' }],
    ]
    for (const [field, values] of wrong) {
      const refused = await visitor.submit(form, values)
      expect(refused.status, field).toBe(422)
      expect(refused.document.querySelector('[aria-invalid]')?.getAttribute('name')).toBe(field)
      expect(refused.document.querySelector('input[name="email"]')?.getAttribute('value')).toBe(values.email)
    }
    const invitation = await visitor.submit(form, { code, name: 'Root', email: 'root@example.com' })
    expect(invitation.url.pathname).toBe('/invitation')
    const done = await visitor.submit(invitation, { password })
    expect(done.url.pathname).toBe('/invitation/done')
    const root = await signet.house.identities.findByIdentifier('email', 'root@example.com')
    expect(root).toMatchObject({ state: 'active', roles: ['administrator'], claims: { name: 'Root' } })
  })

  it('of two who have the code at once one becomes administrator, and the other finds no page any more', async () => {
    const signet = await open()
    const { url = '', code = '' } = signet.started.setup ?? {}
    const visitors = [createVisitor(), createVisitor(), createVisitor()]
    const forms = await Promise.all(visitors.map((visitor) => visitor.get(url)))
    const ends = await Promise.all(
      visitors.map((visitor, index) =>
        visitor.submit(forms[index] as never, { code, name: 'Root', email: `root${index}@example.com` }),
      ),
    )
    expect(ends.filter(({ url }) => url.pathname === '/invitation')).toHaveLength(1)
    expect(ends.filter(({ status }) => status === 404 || status === 422)).toHaveLength(2)
    const { items } = await signet.house.identities.list({ limit: 10 })
    expect(items.filter(({ roles }) => roles.includes('administrator'))).toHaveLength(1)
  })

  it('S36: takes no form that was not made for this browser, and sheds a flood of them', async () => {
    const signet = await open()
    const { url = '', code = '' } = signet.started.setup ?? {}
    const visitor = createVisitor()
    await visitor.get(url)
    const send = () =>
      visitor.send(url, {
        method: 'POST',
        body: new URLSearchParams({ csrf: 'x', code, name: 'Eve', email: 'eve@example.com' }),
        headers: { origin: signet.issuer },
      })
    expect((await send()).status).toBe(403)
    const statuses = new Set<number>()
    for (let round = 0; round < 120; round += 1) statuses.add((await send()).status)
    expect(statuses).toEqual(new Set([403, 429]))
    expect(await signet.house.setup.needed()).toBe(true)
  })

  it('speaks German', async () => {
    const signet = await open()
    const visitor = createVisitor({ headers: { 'accept-language': 'de-AT' } })
    expect(words(await visitor.get(`${signet.issuer}/setup`))).toContain('einrichten')
  })
})
