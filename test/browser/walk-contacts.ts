/** The pages of trusted contacts: of whoever names them, and of whoever is asked. */
import { addPerson, password } from '../support/person.ts'
import { signIn, submit } from './forms.ts'
import type { Walk } from './walk.ts'

const owner = 'olga@example.com'
const friends = ['uma@example.com', 'vito@example.com', 'wanda@example.com'] as const
const from = { address: '192.0.2.1', language: 'en', userAgent: 'test', sessionUid: 'none' }
const by = { kind: 'system' } as const

export async function visitContacts({ signet, page, other, advance, see }: Walk): Promise<void> {
  const { issuer, house } = signet
  const { contacts, vouchings, authentication } = house
  const id = await addPerson(house, owner, { claims: { name: 'Olga Of The Very Long Orchard' } })
  const ids: string[] = []
  for (const email of friends) ids.push(await addPerson(house, email, { claims: { name: 'Friend' } }))
  for (const one of [page, other]) await one.context().clearCookies()

  await signIn(page, `${issuer}/account/security/contacts`, owner)
  await see('contacts: none', page)
  await submit(page, { identifier: 'no name at all' })
  await see('contacts: mistaken', page)
  await submit(page, { identifier: friends[0] })
  await see('contacts: asked', page)
  for (const email of friends.slice(1)) await contacts.invite(id, email, from, by)

  await signIn(other, `${issuer}/account/vouching`, friends[0])
  while ((await contacts.roles(ids[0] ?? '')).length === 0) await other.waitForTimeout(100)
  await other.goto(`${issuer}/account`)
  await see('contacts: attention', other)
  await other.goto(`${issuer}/account/vouching`)
  await see('vouching: asked', other)
  await other.locator('main li a').first().click()
  await see('vouching: role', other)
  await submit(other, {}, '[name="decision"][value="accept"]')
  await see('vouching: accepted', other)
  await other.locator('main li a').first().click()
  await see('vouching: leave', other)
  for (const friend of ids.slice(1)) {
    let [role] = await contacts.roles(friend)
    for (; role === undefined; [role] = await contacts.roles(friend)) await other.waitForTimeout(100)
    await contacts.accept(friend, role.id, from, by)
  }
  await page.goto(`${issuer}/account/security/contacts`)
  await see('contacts: waiting', page)
  await page.locator('main li a').first().click()
  await see('contacts: remove', page)
  advance(house.config.recovery.contacts.waiting_time)

  const asker = { consumer: 'recovery:walk', browser: 'another' }
  const requirement = { level: 'two-factor', essential: true, recovery: true } as const
  await authentication.open(asker, { requirement })
  await authentication.identify(asker, from, owner)
  await authentication.prove(asker, from, 'password', { password })
  await authentication.choose(asker, from, 'trusted-contacts')
  await authentication.current(asker, from)
  await other.context().clearCookies()
  await signIn(other, `${issuer}/account/vouching`, friends[0])
  await see('vouching: requests', other)
  await other.locator('main .panel-attention li a').first().click()
  await see('vouching: request', other)
  await submit(other, {}, '[name="decision"][value="approve"]')
  await see('vouching: not heard', other)
  const [request] = await vouchings.requests(ids[0] ?? '')
  await vouchings.answer(ids[0] ?? '', request?.id ?? '', true, from, by)
  await other.goto(`${issuer}/account/vouching/requests/${request?.id}`)
  await see('vouching: vouched', other)
  await submit(other, {}, '[name="decision"][value="refuse"]')
  await see('vouching: refused', other)
  await other.locator('main .panel-attention li a').first().click()
  await see('vouching: refused before', other)
  // A week has gone by.
  await page.context().clearCookies()
  await signIn(page, `${issuer}/account`, owner)
  await see('vouching: attention of the owner', page)
  await page.goto(`${issuer}/account/vouching`)
  await see('vouching: in the name of the owner', page)
  await submit(page, {}, 'main .panel-attention button')
  await see('vouching: doubted', page)
  await other.goto(`${issuer}/account/vouching/requests/${request?.id}`)
  await see('vouching: warned', other)
}
