/** Somebody lost their ways in: friends vouch for them, or reviewers look at their case. Somebody else takes their data along and nearly leaves. */
import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { until } from '../identities/departures.ts'
import { told } from '../support/objection.ts'
import { addPerson, password, prove } from '../support/person.ts'
import { openCase, reviewer, sendFiles, statusOf } from '../support/recovery-case.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'
import { mailOf, operator, visitorOf, type World } from './world.ts'

const friends = ['uma@example.com', 'vito@example.com', 'wanda@example.com'] as const

/** Three friends vouch for Olga, whose recovery begins: the phrase, and the code by which she comes back. */
export async function contactFlow(world: World): Promise<void> {
  const { house, issuer } = world
  const owner = 'olga@example.com'
  await befriend(world, await addPerson(house, owner, { claims: { name: 'Olga' } }))
  const visitor = visitorOf(world, createVisitor())
  let page = await visitor.press(await visitor.get(`${issuer}/recovery/lost`), '/recovery/lost')
  page = await visitor.submit(page, { identifier: owner })
  page = await visitor.submit(page, { password })
  page = await visitor.submit(page, {}, { name: 'factor', value: 'trusted-contacts' })
  const phrase = page.document.querySelectorAll('ol.phrase li').map(({ textContent }) => textContent)
  expect(phrase).toHaveLength(4)
  for (const between of [' ', ',', '-', '","', '\\",\\"', '']) world.secrets.add(phrase.join(between))
  for (const friend of friends.slice(0, 2)) await vouch(world, friend)
  page = await visitor.get(page.url)
  const begun = await visitor.submit(page, {
    'lost-0': page.document.querySelector('[name="lost-0"]')?.getAttribute('value'),
  })
  const code = begun.document.querySelector('code.secret')?.textContent ?? ''
  await comeBack(world, code)
  await told(world, owner, /get back into/)
  await mailOf(world, owner)
}

async function befriend({ house }: World, owner: string): Promise<void> {
  const from = { address: '192.0.2.1', language: 'en', userAgent: 'test', sessionUid: 'none' }
  for (const email of friends) {
    const friend = await addPerson(house, email, { claims: { name: 'Friend' } })
    await house.contacts.invite(owner, email, from, operator)
    await until(async () => expect(await house.contacts.roles(friend)).toHaveLength(1))
    const [role] = await house.contacts.roles(friend)
    expect(await house.contacts.accept(friend, role?.id ?? '', from, operator)).toBe('accepted')
  }
}

async function vouch(world: World, email: string): Promise<void> {
  const visitor = visitorOf(world, createVisitor())
  const home = await prove(visitor, await visitor.get(`${world.issuer}/account`), email)
  const request = await visitor.get(linkIn(home, '/account/vouching/requests/'))
  await visitor.submit(request, { heard: 'yes' }, { name: 'decision', value: 'approve' })
}

/** In another browser, at the second try. */
async function comeBack(world: World, code: string): Promise<void> {
  expect(code).toMatch(/^[0-9A-Z]{5}(-[0-9A-Z]{5}){2}$/)
  for (const form of [code, code.replaceAll('-', ''), code.toLowerCase()]) world.secrets.add(form)
  const visitor = visitorOf(world, createVisitor())
  const page = await visitor.get(`${world.issuer}/recovery/status`)
  await visitor.submit(page, { code: `${code}0` })
  expect((await visitor.submit(page, { code: code.toLowerCase() })).status).toBe(200)
}

/** A case about somebody, with all that is written and attached on both sides. */
export async function caseFlow(world: World): Promise<void> {
  const { house } = world
  await addPerson(house, 'cleo@example.com', { claims: { name: 'Cleo' } })
  const [ashore, question, answer, note] = [
    'My phone lies at the bottom of the lake.',
    'Which boat did you hire last?',
    'The yellow one with the patched sail.',
    'The sail convinces me.',
  ] as const
  const [first, second] = [attachment(world), attachment(world)]
  for (const text of [ashore, question, answer, note]) world.secrets.add(text)
  const values = { identifier: 'cleo@example.com', reply: 'cleo@elsewhere.example', happened: ashore }
  const claim = await openCase(world, values, [first])
  visitorOf(world, claim.visitor)
  await comeBack(world, claim.code)
  await told(world, values.reply, /We have your recovery case/)
  const rita = await reviewer(world, 'Rita')
  visitorOf(world, rita.visitor)
  const seen = await follow(rita.visitor, await rita.list(), '/admin/cases/')
  expect(seen.body).toContain(ashore)
  await follow(rita.visitor, seen, '/files/')
  await rita.visitor.submit(await rita.visitor.get(`${seen.url.href}/ask`), { text: question })
  const asked = await statusOf(world, claim)
  await sendFiles(claim.visitor, asked, '/recovery/case/answer', { answer }, [second])
  const answered = await rita.visitor.get(seen.url)
  expect(answered.body).toContain(answer)
  await rita.visitor.submit(await rita.visitor.get(`${seen.url.href}/approve`), { text: note })
  await mailOf(world, 'cleo@example.com')
}

/** A PDF in which nothing but a secret stands. */
function attachment({ secrets }: World) {
  const secret = randomBytes(32).toString('base64url')
  secrets.add(secret)
  return { name: 'paper.pdf', type: 'application/pdf', bytes: Buffer.from(`%PDF-1.7 ${secret} %%EOF`) }
}

/** Everything about Kim, to take along; and the link by which an account that was to end is kept. */
export async function dataFlow(world: World): Promise<void> {
  const { house, issuer } = world
  const email = 'kim@example.com'
  const id = await addPerson(house, email, { claims: { name: 'Kim' } })
  const visitor = visitorOf(world, createVisitor())
  await prove(visitor, await visitor.get(`${issuer}/account`), email)
  await visitor.press(await visitor.get(`${issuer}/account/data`), '/account/data/export')
  await until(async () => expect((await house.exports.state(id))?.status).toBe('ready'), 20_000)
  const ready = await visitor.get(`${issuer}/account/data`)
  const { body } = await visitor.press(ready, '/account/data/export/json')
  const { activity, ways_to_sign_in: ways } = JSON.parse(body)
  for (const item of [...activity, ...ways].map((one) => JSON.stringify(one))) {
    world.secrets.add(item)
    // As it is inside another document.
    world.secrets.add(JSON.stringify(item).slice(1, -1))
  }
  await visitor.press(ready, '/account/data/export/page')

  const form = await visitor.get(`${issuer}/account/data/delete`)
  await visitor.press(form, '/account/data/delete')
  await told(world, email, /delete/i)
  const { links } = await mailOf(world, email)
  const keep = links.find((link) => new URL(link).pathname === '/keep-account') ?? ''
  const anybody = visitorOf(world, createVisitor())
  const kept = await anybody.submit(await anybody.get(keep), {})
  expect(kept.url.pathname).toBe('/keep-account/done')
}

async function follow(visitor: Visitor, page: Page, to: string): Promise<Page> {
  return visitor.get(linkIn(page, to))
}

function linkIn({ document, url }: Page, to: string): URL {
  const found = document
    .querySelectorAll('main a')
    .map((link) => link.getAttribute('href') ?? '')
    .find((href) => href.includes(to))
  if (found === undefined) throw new Error(`${url} has no link to ${to}`)
  return new URL(found, url)
}
