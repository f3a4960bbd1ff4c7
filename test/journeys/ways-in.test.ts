/** Where two ways in are asked of everyone: who has one adds another, and nobody takes the second one away. */
import { expect, it } from 'vitest'
import { addPerson, password, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Visitor, words } from '../support/visitor.ts'

const env = { SIGNET_POLICY__WAYS_IN: '2' }
const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }
const byCodes = { name: 'factor', value: 'backup-code' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** Ana, whose password a link set: with it and the mailbox she has one way in. */
  async function scene() {
    const signet = await open({ env })
    const id = await addPerson(signet.house)
    const set = await signet.house.enrolments.finish(id, 'password', { password }, visit, {
      channel: 'email',
    })
    expect(set.status).toBe('enrolled')
    return { signet, id, see: (who: Visitor, path: string) => who.get(`${signet.issuer}${path}`) }
  }

  const signIn = async ({ issuer }: Signet, who: Visitor) => prove(who, await who.get(`${issuer}/account`))

  it('whoever has one adds another before they go on, and cannot put it off', async () => {
    const { signet } = await scene()
    const ana = createVisitor()
    const asked = await signIn(signet, ana)
    expect(words(asked)).toContain('you would be locked out')
    expect(asked.body).not.toContain('/postpone')
    const base = asked.url.href
    const crafted = await ana.send(`${base}/postpone`, {
      method: 'POST',
      body: new URLSearchParams({ csrf: csrfIn(asked.body) }),
      headers: { Origin: signet.issuer },
    })
    expect(new URL(crafted.headers.get('location') ?? '', base).href).toBe(base)
    const codes = await ana.submit(asked, {}, byCodes)
    expect(words(codes)).toContain('Make backup codes')
    expect((await ana.submit(codes)).url.pathname).toBe('/account')
    expect(words(await signIn(signet, createVisitor()))).not.toContain('locked out')
  })

  it('the second one stays: it cannot be removed before another is there', async () => {
    const { signet, id, see } = await scene()
    const ana = createVisitor()
    const codes = await ana.submit(await signIn(signet, ana), {}, byCodes)
    await ana.submit(codes)
    const [own] = (await signet.house.enrolments.list(id)).filter(({ factor }) => factor === 'backup-code')
    const path = `/account/security/backup-code/${own?.id}`
    const refused = await ana.press(await see(ana, path), `${path}/remove`)
    expect(refused.status).toBe(422)
    expect(words(refused)).toContain('locked out by a single loss')
    expect(await signet.house.enrolments.list(id)).toHaveLength(2)
    // By somebody who has proved nothing but a message it is not taken away either, once it is old enough.
    const force = await signet.house.enrolments.remove(
      id,
      own?.id ?? '',
      { kind: 'operator' },
      { force: true },
    )
    expect(force.status).toBe('removed')
  })

  it('of two removals at the same moment one stays', async () => {
    const signet = await open({ env })
    const id = await addPerson(signet.house)
    const { enrolments } = signet.house
    const { ticket = '' } = await enrolments.begin(id, 'backup-code', visit)
    await enrolments.finish(id, 'backup-code', { ticket }, visit)
    const own = await enrolments.list(id)
    const by = { kind: 'identity', id } as const
    // Beside the mailbox one of the two is enough.
    await Promise.all(own.map((one) => enrolments.remove(id, one.id, by)))
    expect((await enrolments.list(id)).length).toBeGreaterThan(0)
  })
})

function csrfIn(body: string): string {
  return /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
}
