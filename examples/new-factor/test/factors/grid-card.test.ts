/** A person makes a grid card in the portal, and from then on signs in with a password and with what it says. */
import { expect, it } from 'vitest'
import { addPerson, allow, prove } from '../support/person.ts'
import { leaks, rawStore } from '../support/raw-store.ts'
import { browser, register } from '../support/relying-party.ts'
import { useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Page, words } from '../support/visitor.ts'

type Card = ReadonlyMap<string, string>

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  /** Somebody with a password and a card. */
  async function start() {
    const storage = await fresh()
    const signet = await open({ storage })
    await addPerson(signet.house)
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const page = await visitor.get(`${signet.issuer}/account/security/grid-card`)
    const card = cardOn(page)
    const slip = await visitor.submit(page, { code: 'nonsense' })
    expect(slip.status).toBe(422)
    // A slip of the pen does not change the card.
    expect(cardOn(slip)).toEqual(card)
    const added = await visitor.submit(slip, { code: answer(slip, card) })
    expect(words(added)).toContain('Grid card')
    const party = await register(signet)
    /** As far as the question for three squares, in a browser of its own. */
    async function asked() {
      const person = browser()
      const flow = await party.begin()
      return { person, flow, page: await prove(person, await person.get(flow.url)) }
    }
    return { storage, party, card, asked }
  }

  it('signs in to an application with a password and three squares', async () => {
    const { storage, party, card, asked } = await start()
    const { person, flow, page } = await asked()
    const consent = await person.submit(page, { code: answer(page, card).toLowerCase() })
    const { url } = await person.submit(consent, {}, allow)
    const tokens = await party.finish(flow, url)
    expect(tokens.claims()).toMatchObject({ acr: 'urn:signet:acr:two-factor', amr: ['mfa', 'otp', 'pwd'] })
    expect(leaks(await rawStore(storage), [answer(page, card)])).toEqual([])
  })

  it('asks for the same squares until they are known, and then for others', async () => {
    const { card, asked } = await start()
    const first = await asked()
    const refused = await first.person.submit(first.page, { code: 'AA AA AA' })
    expect(refused.status).toBe(422)
    expect(questionOn(refused)).toEqual(questionOn(first.page))
    const stranger = await asked()
    expect(questionOn(stranger.page)).toEqual(questionOn(first.page))
    const consent = await first.person.submit(refused, { code: answer(refused, card) })
    expect(consent.document.querySelector('button[name="decision"]')).not.toBeNull()
    // Seen over a shoulder: good for nothing any more.
    const replayed = await stranger.person.submit(stranger.page, { code: answer(first.page, card) })
    expect(replayed.status).toBe(422)
    expect(questionOn(replayed)).not.toEqual(questionOn(first.page))
  })

  it('throttles whoever guesses', async () => {
    const { asked } = await start()
    const { person, page } = await asked()
    let last = page
    for (let guess = 0; guess < 6; guess += 1) last = await person.submit(last, { code: `AA AA A${guess}` })
    expect(last.status).toBe(429)
  })

  it('is there in German too', async () => {
    const signet = await open()
    await addPerson(signet.house)
    const visitor = createVisitor({ headers: { 'accept-language': 'de' } })
    await prove(visitor, await visitor.get(`${signet.issuer}/account`))
    const page = await visitor.get(`${signet.issuer}/account/security/grid-card`)
    expect(words(page)).toContain('Rasterkarte drucken')
    expect(words(page)).toContain('Was auf Ihrer Karte bei')
  })
})

function cardOn({ document }: Page): Card {
  const [head = [], ...lines] = document
    .querySelectorAll('.grid-card tr')
    .map((line) => line.querySelectorAll('td, th').map((cell) => cell.textContent))
  return new Map(
    lines.flatMap(([row, ...cells]) => cells.map((cell, at) => [`${head[at + 1]}${row}`, cell] as const)),
  )
}

function questionOn({ document }: Page): readonly string[] {
  return document.querySelector('label[for="code"]')?.textContent.match(/\b[A-H][1-4]\b/g) ?? []
}

function answer(page: Page, card: Card): string {
  return questionOn(page)
    .map((square) => card.get(square))
    .join(' ')
}
