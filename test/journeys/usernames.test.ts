/** People who choose, change and give up a username: at once, told to them, and never to be had by somebody who wants to pass for them. */
import { expect, it } from 'vitest'
import { minute } from '../../src/domain/time.ts'
import { addPerson, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Visitor, words } from '../support/visitor.ts'

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  async function stage() {
    let now = Date.now()
    const signet = await open({ clock: () => now })
    const ana = await addPerson(signet.house)
    const later = (ms: number) => {
      now += ms
    }
    const page = `${signet.issuer}/account/profile/username`
    const names = async (id = ana) =>
      (await signet.house.identities.get(id))?.identifiers
        .filter(({ kind }) => kind === 'username')
        .map(({ written }) => written)
    return { signet, ana, later, page, names }
  }

  async function home(signet: Signet, email = 'ana@example.com'): Promise<Visitor> {
    const visitor = createVisitor()
    await prove(visitor, await visitor.get(`${signet.issuer}/account`), email)
    return visitor
  }

  it('S30: a username counts at once, everybody else is signed out, and the owner is told by mail with "this wasn\'t me"', async () => {
    const { signet, page, names } = await stage()
    const [here, elsewhere] = [await home(signet), await home(signet)]
    const form = await here.get(page)
    expect(form.document.querySelector('input[name="username"]')?.getAttribute('autocomplete')).toBe(
      'username',
    )
    const done = await here.submit(form, { username: 'Ana.Ruiz' })
    expect(done.url.search).toBe('?done=username')
    expect(words(done)).toContain('That is your username now')
    expect(await names()).toEqual(['Ana.Ruiz'])
    const mail = await signet.mail('ana@example.com')
    expect(mail.subject).toContain('username was changed')
    expect(mail.text).toContain('Added: Ana.Ruiz')
    expect(mail.links.some((link) => link.includes('/objection?'))).toBe(true)
    expect((await elsewhere.get(`${signet.issuer}/account`)).url.pathname).not.toBe('/account')
    // With it she signs in.
    const visitor = createVisitor()
    const signedIn = await prove(visitor, await visitor.get(`${signet.issuer}/account`), 'ana.ruiz')
    expect(signedIn.url.pathname).toBe('/account')
  })

  it("S32: that a name is taken is said to whoever is signed in, and that it was somebody's in the same words, but not of many names", async () => {
    const { signet, page, names } = await stage()
    const eve = await addPerson(signet.house, 'eve@example.com')
    const ana = await home(signet)
    await ana.submit(await ana.get(page), { username: 'ana' })
    await ana.submit(await ana.get(page), { username: 'ruiz' })
    const visitor = await home(signet, 'eve@example.com')
    const said: string[] = []
    for (const username of ['Ruiz', 'ana']) {
      const refused = await visitor.submit(await visitor.get(page), { username })
      expect(refused.status).toBe(422)
      said.push(refused.document.querySelector('.mistake')?.textContent.trim() ?? '')
    }
    expect(new Set(said).size).toBe(1)
    expect(said[0]).toContain('Somebody has that name')
    const form = await visitor.get(page)
    for (let index = 0; index < 18; index += 1) await visitor.submit(form, { username: 'ruiz' })
    const enough = await visitor.submit(form, { username: 'eve' })
    expect([enough.status, words(enough).includes('too many names')]).toEqual([422, true])
    expect(await names(eve)).toEqual([])
  })

  it('is no number and no address, and the same one twice changes nothing', async () => {
    const { signet, page, names } = await stage()
    const ana = await home(signet)
    for (const username of [
      'ana@example.org',
      '+4915112345678',
      '004915112345678',
      '4915112345678',
      'a b',
      '',
      'аna',
    ])
      expect([username, (await ana.submit(await ana.get(page), { username })).status]).toEqual([
        username,
        422,
      ])
    await ana.submit(await ana.get(page), { username: 'ana' })
    const again = await ana.submit(await ana.get(page), { username: 'ana' })
    expect(words(again)).toContain('your username already')
    expect(await names()).toEqual(['ana'])
  })

  it('is removed, and stays theirs to take again', async () => {
    const { signet, page, names } = await stage()
    const ana = await home(signet)
    await ana.submit(await ana.get(page), { username: 'ana' })
    const removed = await ana.press(await ana.get(page), '/account/profile/username/remove')
    expect(removed.url.search).toBe('?done=removed')
    expect(await names()).toEqual([])
    await ana.submit(await ana.get(page), { username: 'ana' })
    expect(await names()).toEqual(['ana'])
  })

  it('S30: is changed by nobody whose sign-in is not fresh', async () => {
    const { signet, page, later, names } = await stage()
    const ana = await home(signet)
    const form = await ana.get(page)
    later(6 * minute)
    const asked = await ana.submit(form, { username: 'ana' })
    expect(asked.url.pathname).not.toContain('/account')
    expect(await names()).toEqual([])
  })
})
