import { describe, expect, it } from 'vitest'
import { addPerson, prove } from '../../support/person.ts'
import { green, isNear, look, png, red } from '../../support/pictures.ts'
import { createVisitor, type Page, words } from '../../support/visitor.ts'
import { openSignet } from '../support/server.ts'

async function home(env: Readonly<Record<string, string>> = {}) {
  const signet = await openSignet(env)
  const ana = await addPerson(signet.house)
  const visitor = createVisitor({ headers: { 'accept-language': 'en' } })
  await prove(visitor, await visitor.get(`${signet.issuer}/account`))
  const claims = async () => (await signet.house.identities.get(ana))?.claims
  const profile = () => visitor.get(`${signet.issuer}/account/profile`)
  return { signet, visitor, ana, claims, profile }
}

const wrongField = (page: Page) => page.document.querySelector('[aria-invalid]')?.getAttribute('name')

describe('the profile', () => {
  it('takes every claim that people set themselves, and hands an address out in one piece too', async () => {
    const { visitor, profile, claims } = await home()
    const saved = await visitor.submit(await profile(), {
      given_name: 'Ana',
      middle_name: 'Maria',
      family_name: 'Ruiz',
      birthdate: '1990-12-31',
      gender: 'female',
      website: 'ana.example',
      profile: 'https://social.example/ana',
      street_address: 'Calle Mayor 1\n2º B',
      postal_code: '28013',
      locality: 'Madrid',
      country: 'Spain',
      locale: 'de',
      zoneinfo: 'Europe/Madrid',
    })
    expect(saved.url.search).toBe('?done=saved')
    expect(await claims()).toEqual({
      name: 'Ana Ruiz',
      given_name: 'Ana',
      middle_name: 'Maria',
      family_name: 'Ruiz',
      birthdate: '1990-12-31',
      gender: 'female',
      website: 'https://ana.example',
      profile: 'https://social.example/ana',
      address: {
        formatted: 'Calle Mayor 1\n2º B\n28013 Madrid\nSpain',
        street_address: 'Calle Mayor 1\n2º B',
        postal_code: '28013',
        locality: 'Madrid',
        country: 'Spain',
      },
      locale: 'de',
      zoneinfo: 'Europe/Madrid',
    })
    // Saved once more as it is shown, nothing changes.
    const before = await claims()
    await visitor.submit(await profile(), { name: 'Ana Ruiz' })
    expect(await claims()).toEqual(before)
    const empty = Object.fromEntries(Object.keys(before ?? {}).map((name) => [name, '']))
    const { address: _address, ...fields } = empty
    const parts = { street_address: '', postal_code: '', locality: '', country: '' }
    await visitor.submit(await profile(), { ...fields, ...parts, name: 'Ana' })
    expect(await claims()).toEqual({ name: 'Ana' })
  })

  it('says beside its field what is wrong, and keeps what was typed', async () => {
    const { visitor, profile, claims } = await home()
    const before = await claims()
    const wrong = {
      birthdate: '2001-02-30',
      website: 'javascript:alert(1)',
      profile: 'http://plain.example',
      gender: 'x'.repeat(65),
      zoneinfo: 'Mars/Olympus',
      locale: 'tlh',
      postal_code: '1'.repeat(41),
      family_name: 'x'.repeat(400),
    }
    for (const [name, value] of Object.entries(wrong)) {
      const refused = await visitor.submit(await profile(), { nickname: 'Ani', [name]: value })
      const field = name === 'postal_code' ? 'street_address' : name
      expect([name, refused.status]).toEqual([name, 422])
      expect(words(refused)).not.toContain('mistake.')
      if (field !== 'zoneinfo' && field !== 'locale') expect(wrongField(refused)).toBe(field)
      expect(refused.document.querySelector('#nickname')?.getAttribute('value')).toBe('Ani')
    }
    expect(await claims()).toEqual(before)
  })

  it('S38: takes nothing else: no picture from elsewhere, no group, no state', async () => {
    const { signet, visitor, ana, profile } = await home()
    const page = await profile()
    const csrf = page.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
    const body = new URLSearchParams({
      csrf,
      name: 'Ana',
      picture: 'https://elsewhere.example/x.png',
      groups: 'staff',
      roles: 'administrator',
      state: 'deleted',
      email: 'x@example.com',
    })
    const headers = { origin: signet.issuer, 'sec-fetch-site': 'same-origin' }
    await visitor.send(page.url, { method: 'POST', body, headers })
    const after = await signet.house.identities.get(ana)
    expect(after).toMatchObject({ claims: { name: 'Ana' }, groups: [], roles: [], state: 'active' })
    expect(after?.claims).not.toHaveProperty('picture')
  })

  it('is in the language that was chosen, at once and in a browser that knows of no choice; times are in the chosen zone', async () => {
    const { signet, visitor, profile } = await home()
    const saved = await visitor.submit(await profile(), { locale: 'de', zoneinfo: 'Asia/Tokyo' })
    expect(saved.document.querySelector('html')?.getAttribute('lang')).toBe('de')
    expect(words(saved)).toContain('Gespeichert.')
    expect(words(saved)).toMatch(/Seit\s*\d+\. \p{L}+\.? \d{4}$/u)
    expect(saved.body).not.toContain('local-time')
    const other = createVisitor({ headers: { 'accept-language': 'en' } })
    const page = await prove(other, await other.get(`${signet.issuer}/account`))
    expect(page.document.querySelector('html')?.getAttribute('lang')).toBe('de')
    // The switch at the foot of the page is for this browser.
    const english = await other.get(`${signet.issuer}/account?lang=en`)
    expect(english.document.querySelector('html')?.getAttribute('lang')).toBe('en')
  })

  it('leaves a language and a time zone that it does not offer to whoever has them', async () => {
    const { signet, visitor, ana, profile, claims } = await home()
    const odd = { locale: 'pt-BR', zoneinfo: 'US/Pacific' }
    await signet.house.identities.update(ana, { claims: odd }, { kind: 'operator' })
    await visitor.submit(await profile(), { nickname: 'Ani' })
    expect(await claims()).toMatchObject({ ...odd, nickname: 'Ani' })
  })

  it('shows a language that has no name as it is written, whoever wrote it', async () => {
    const { signet, visitor, ana, profile } = await home()
    expect((await visitor.submit(await profile(), { locale: 'no language!' })).status).toBe(422)
    const locale = 'de-u-co-phonebk'
    await signet.house.identities.update(ana, { claims: { locale } }, { kind: 'operator' })
    const page = await profile()
    expect([page.status, words(page)]).toEqual([200, expect.stringContaining(locale)])
  })

  it('S30: messages are written in the language and told in the time zone of the person, whoever causes them', async () => {
    const { signet, visitor, profile } = await home()
    await visitor.submit(await profile(), { locale: 'de', zoneinfo: 'Asia/Tokyo' })
    const form = await visitor.get(`${signet.issuer}/account/security/password?lang=en`)
    await visitor.submit(form, { password: 'quite another orchard this time' })
    const mail = await signet.mail('ana@example.com')
    expect(mail.text).toContain('Guten Tag')
    expect(mail.text).toMatch(/Wann: .+ um \d\d:\d\d (?:GMT\+9|JST)/)
  })
})

describe('the picture', () => {
  async function sent(bytes: Buffer, name = 'me.png', more: { csrf?: string; site?: string } = {}) {
    const house = await home()
    return { ...house, ...(await send(house, bytes, name, more)) }
  }

  async function send(
    { signet, visitor }: Awaited<ReturnType<typeof home>>,
    bytes: Buffer,
    name = 'me.png',
    { csrf, site = 'same-origin' }: { csrf?: string; site?: string } = {},
  ) {
    const address = `${signet.issuer}/account/profile/picture`
    const form = await visitor.get(address)
    const body = new FormData()
    const token = form.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
    body.set('csrf', csrf ?? token)
    body.set('picture', new File([new Uint8Array(bytes)], name, { type: 'image/png' }))
    const headers = { origin: signet.issuer, 'sec-fetch-site': site }
    const answer = await visitor.send(address, { method: 'POST', body, headers })
    return { answer, text: await answer.text() }
  }

  it('is shown to everybody who knows its address, on pages of other houses too, and is nothing but a picture', async () => {
    const { signet, answer, claims, profile } = await sent(png(300, 200, (x) => (x < 150 ? red : green)))
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      '/account/profile/picture?done=saved',
    ])
    const picture = (await claims())?.picture ?? ''
    expect(picture.startsWith(`${signet.issuer}/pictures/`)).toBe(true)
    const shown = await fetch(picture)
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'cache-control': 'public, max-age=604800, immutable',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'cross-origin',
    })
    expect(shown.headers.get('set-cookie')).toBeNull()
    const { width, height, at } = await look(new Uint8Array(await shown.arrayBuffer()))
    expect([width, height, isNear(at(0.1, 0.5), red), isNear(at(0.9, 0.5), green)]).toEqual([
      200,
      200,
      true,
      true,
    ])
    const image = (await profile()).document.querySelector('main img')
    expect([image?.getAttribute('src'), image?.getAttribute('alt')]).toEqual([picture, 'Your picture'])
  })

  it('goes when it is taken away, replaced, or its person is erased', async () => {
    const house = await sent(png(30, 30, () => red))
    const { signet, visitor, ana, claims } = house
    const first = (await claims())?.picture ?? ''
    await send(
      house,
      png(30, 30, () => green),
    )
    const second = (await claims())?.picture ?? ''
    expect([(await fetch(first)).status, (await fetch(second)).status]).toEqual([404, 200])
    const page = await visitor.get(`${signet.issuer}/account/profile/picture`)
    await visitor.press(page, '/account/profile/picture/remove')
    expect([(await fetch(second)).status, (await claims())?.picture]).toEqual([404, undefined])
    await send(
      house,
      png(30, 30, () => green),
    )
    const third = (await claims())?.picture ?? ''
    await signet.house.identities.remove(ana, { kind: 'operator' })
    expect((await fetch(third)).status).toBe(404)
  })

  it('S41: is refused in a clear sentence when the file lies about its type, is broken, too large, or not there', async () => {
    const house = await home()
    const picture = png(30, 30, () => red)
    const refused = [
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'), 'whatever its name says'],
      [picture.subarray(0, 60), 'cannot be read'],
      [Buffer.concat([picture, Buffer.alloc(6 * 1024 * 1024)]), 'at most 5 MB'],
      [png(30, 30, () => red, { claims: [50_000, 50_000] }), 'at most 25 million pixels'],
    ] as const
    for (const [bytes, sentence] of refused) {
      const { answer, text } = await send(house, Buffer.from(bytes))
      expect([sentence, answer.status, text.includes(sentence)]).toEqual([sentence, 422, true])
    }
    const { answer, text } = await send(house, Buffer.alloc(0), '')
    expect([answer.status, text.includes('Choose a picture first')]).toEqual([422, true])
    expect(await house.claims()).not.toHaveProperty('picture')
  })

  it('is taken sixty times in ten minutes from one address, and no more', async () => {
    const house = await home()
    const nothing = () => send(house, Buffer.from('<svg/>'))
    for (let round = 0; round < 60; round += 1) expect((await nothing()).answer.status).toBe(422)
    const { answer } = await nothing()
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true])
  })

  it('S36: is taken from our own page in this browser only', async () => {
    const picture = png(30, 30, () => red)
    const forged = await sent(picture, 'me.png', { csrf: 'forged' })
    expect([forged.answer.status, (await forged.claims())?.picture]).toEqual([403, undefined])
    const cross = await sent(picture, 'me.png', { site: 'cross-site' })
    expect([cross.answer.status, (await cross.claims())?.picture]).toEqual([403, undefined])
  })

  it('that an administrator named by its address stays possible, and goes without a trace of ours', async () => {
    const { signet, visitor, ana, claims } = await home()
    const picture = 'https://pictures.example/ana.png'
    await signet.house.identities.update(ana, { claims: { picture } }, { kind: 'operator' })
    const page = await visitor.get(`${signet.issuer}/account/profile/picture`)
    expect(page.document.querySelector('main img')?.getAttribute('src')).toBe(picture)
    expect(page.headers.get('content-security-policy')).toContain("img-src 'self' https://pictures.example")
    await visitor.press(page, '/account/profile/picture/remove')
    expect((await claims())?.picture).toBeUndefined()
  })
})
