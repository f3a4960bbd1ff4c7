/** People are told of applications that they allowed something, once each, and can take it back with the message. */
import { expect, it } from 'vitest'
import { keyIn, mailsTo, told } from '../support/objection.ts'
import { addPerson, goThrough, tokensFor } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { words } from '../support/visitor.ts'

const ana = 'ana@example.com'
const visit = { address: '198.51.100.9', language: 'en', userAgent: 'test' }
const about = /may use your account|may know more/

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it('told at the first consent and when it gets more, not when it asks again for what it has', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const party = await register(signet)
    const visitor = browser()
    await goThrough(visitor, party, { parameters: { scope: 'openid email' } })
    const first = await told(signet, ana, /may use your account/)
    expect(first.text).toMatch(/allowed .+ to use your account/)
    await goThrough(visitor, party, { parameters: { scope: 'openid email', prompt: 'consent' } })
    await goThrough(visitor, party, { parameters: { scope: 'openid email phone' } })
    await told(signet, ana, /may know more/)
    const all = (await mailsTo(signet.issuer, ana)).filter(({ subject }) => about.test(subject))
    expect(all).toHaveLength(2)
  })

  it('"this wasn’t me" takes back what it got, and what it was allowed: it has to ask anew', async () => {
    const signet = await open()
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const other = await register(signet)
    const visitor = browser()
    const parameters = { scope: 'openid email offline_access', prompt: 'consent' }
    const kept = await tokensFor(visitor, other, { parameters })
    const message = await told(signet, ana, /may use your account/)
    const tokens = await tokensFor(visitor, party, { parameters })
    const both = await waitFor(async () => {
      const found = (await mailsTo(signet.issuer, ana)).filter(({ subject }) => about.test(subject))
      return found.length === 2 ? found : undefined
    })
    const theirs = both.find((one) => keyIn(one) !== keyIn(message))
    if (theirs === undefined) throw new Error('only one application was told of')

    const raised = await signet.house.objections.raise(keyIn(theirs), visit)
    expect(raised).toEqual({ status: 'done', ended: ['client-ended'] })
    expect(await party.isActive(tokens.refresh_token)).toBe(false)
    expect(await other.isActive(kept.refresh_token)).toBe(true)
    expect(await signet.house.consents.list(id)).toHaveLength(1)
    const again = await visitor.get((await party.begin({ scope: 'openid email' })).url)
    expect(words(again)).toContain('wants to know')
  })

  it('of two equal answers in the same moment one is told, and nothing about our own pages', async () => {
    const signet = await open()
    const id = await addPerson(signet.house)
    const party = await register(signet)
    const by = { kind: 'identity', id } as const
    const answer = { scopes: ['openid', 'email'] }
    const give = (client: string) => signet.house.consents.allow(id, client, answer, by)
    await Promise.all([give(party.id), give(party.id), give('signet-account')])
    await told(signet, ana, about)
    // Messages go out in the order in which they were written.
    await signet.house.links.request(ana, { ...visit, traceId: 'test' })
    await told(signet, ana, /way back/)
    const all = (await mailsTo(signet.issuer, ana)).filter(({ subject }) => about.test(subject))
    expect(all).toHaveLength(1)
  })
})

async function waitFor<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (let round = 0; round < 300; round += 1) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it did not come')
}
