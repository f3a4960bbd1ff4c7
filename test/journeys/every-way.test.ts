/** What must hold of every way to prove who one is, whichever it is: the same cases for each, through the pages, on both stores. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { elsewhere, race } from '../races/arena.ts'
import { type Signet, startSignet } from '../support/signet.ts'
import { engines, type FreshStore } from '../support/stores.ts'
import { createVisitor, type Page, type Values, type Visitor, words } from '../support/visitor.ts'
import { careful, clearInbox, moveIn, type Person, reset, type Town, ways } from './ways.ts'

const told = 'Somebody is trying to get into your account'
const minute = 60_000

describe.each(Object.entries(engines()))('on %s', (_, fresh) => {
  let store: FreshStore
  let signet: Signet
  let now = Date.now()
  const town: Town = {
    get signet() {
      return signet
    },
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
  beforeAll(async () => {
    store = await fresh()
    const env = {
      SIGNET_DEMO__ENABLED: 'false',
      SIGNET_ALERTS__NEW_DEVICE: 'false',
      // Each browser says where it is: what is counted here is people.
      SIGNET_TRUSTED_PROXIES: '127.0.0.1,::1',
      SIGNET_THROTTLE__FIRST_PAUSE: '1h',
      // How many messages a mailbox or number gets is tested with those who send them.
      SIGNET_FACTORS__EMAIL_CODE__PER_HOUR: '100',
      SIGNET_FACTORS__MAGIC_LINK__PER_HOUR: '100',
      SIGNET_FACTORS__SMS_CODE__PER_HOUR: '100',
      SIGNET_FACTORS__SMS_CODE__PER_NUMBER_PER_MONTH: '100',
      SIGNET_POLICY__RULES: JSON.stringify([
        { name: 'careful', when: { groups: [careful] }, level: 'two-factor' },
      ]),
    }
    signet = await startSignet({ storage: store.url, clock: town.now, env })
  })
  afterAll(async () => {
    await signet?.stop()
    await store?.drop()
  })

  describe.each(ways)('$name', (way) => {
    it('signs in, and the same form again does nothing more', async () => {
      const [person, visitor] = [await moveIn(town, way), somewhere()]
      const page = await ask(visitor, person)
      const values = await answer(person, page)
      expect(at(await handIn(visitor, page, values))).toBe(home)
      expect((await handIn(visitor, page, values)).status).toBeLessThan(500)
      expect(await recorded(person, 'authentication.completed')).toHaveLength(1)
    })

    it('refuses a wrong answer, and takes the right one after it', async () => {
      const [person, visitor] = [await moveIn(town, way), somewhere()]
      const page = await ask(visitor, person)
      const slip = await handIn(visitor, page, await answer(person, page, false))
      expect(asked(slip)).toBe(way.name)
      expect(await isIn(visitor)).toBe(false)
      expect(at(await handIn(visitor, slip, await answer(person, slip)))).toBe(home)
    })

    it('takes no answer that comes too late', async () => {
      const [person, visitor] = [await moveIn(town, way), somewhere()]
      const page = await ask(visitor, person)
      const values = await answer(person, page)
      town.advance(way.over)
      expect((await handIn(visitor, page, values)).status).toBeLessThan(500)
      expect(await isIn(visitor)).toBe(false)
    })

    it(`what signed in once signs in ${way.lasting ? 'again' : 'nobody again'}`, async () => {
      const [person, visitor, other] = [await moveIn(town, way), somewhere(), somewhere()]
      const page = await ask(visitor, person)
      const values = await answer(person, page)
      await handIn(visitor, page, values)
      await handIn(other, await ask(other, person), values)
      expect(await isIn(other)).toBe(way.lasting)
    })

    it('S26: of fifty guesses at once few are looked at; the owner is told once, and gets in at home as ever, elsewhere another way', async () => {
      const [person, indoors, stranger, abroad] = [
        await moveIn(town, way),
        somewhere(),
        somewhere(),
        somewhere(),
      ]
      const usual = await ask(indoors, person)
      await handIn(indoors, usual, await answer(person, usual))
      town.advance(minute)
      const page = await ask(stranger, person)
      const answers = await race(50, async () => handIn(stranger, page, await answer(person, page, false)))
      expect(answers.filter(({ status }) => status >= 500)).toEqual([])
      await signet.house.authentication.settle()
      expect((await recorded(person, 'authentication.refused')).length).toBeLessThanOrEqual(way.looks)

      await clearInbox(town, person)
      const stopped = await tryOnce(abroad, person)
      if (way.pauses) {
        expect(stopped.status).toBe(429)
        expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(words(stopped)).toContain('try again in')
        const helped = way.needsReset
          ? await reset(town, person, abroad).then(async () =>
              helpOneself(abroad, await begin(abroad, person), person),
            )
          : await helpOneself(abroad, stopped, person)
        expect(at(helped)).toBe(home)
      } else expect(at(stopped)).toBe(home)
      signOut(indoors)
      town.advance(minute)
      await clearInbox(town, person)
      expect(at(await tryOnce(indoors, person))).toBe(home)
      const messages = (await signet.house.inbox?.messages({ to: person.email })) ?? []
      expect(messages.filter(({ subject }) => subject === told)).toHaveLength(way.pauses ? 1 : 0)
    })

    it('whoever lost it is offered another way, and gets in', async () => {
      const [person, visitor] = [await moveIn(town, way), somewhere()]
      expect(at(await helpOneself(visitor, await ask(visitor, person), person))).toBe(home)
    })

    it('what is asked in one browser is answered in no other', async () => {
      const [person, visitor, other] = [await moveIn(town, way), somewhere(), somewhere()]
      const page = await ask(visitor, person)
      const values = await answer(person, page)
      const theirs = await other.get(`${signet.issuer}/account`)
      const csrf = theirs.document.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
      const response = await other.send(new URL(actionOf(page), page.url), {
        method: 'POST',
        body: new URLSearchParams({ ...(values as Record<string, string>), csrf }),
      })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('This sign-in is no longer open')
      if (way.bound) await handIn(other, await ask(other, person), values)
      expect(await isIn(other)).toBe(false)
      expect(at(await handIn(visitor, page, values))).toBe(home)
    })

    /** The page that asks for it. */
    async function ask(visitor: Visitor, person: Person): Promise<Page> {
      const page = await begin(visitor, person)
      return turnTo(visitor, page, person, way.name)
    }

    async function begin(visitor: Visitor, person: Person): Promise<Page> {
      const identify = await visitor.get(`${signet.issuer}/account`)
      const page = await visitor.submit(identify, { identifier: person.email })
      return way.second ? handIn(visitor, page, await answer(person, page)) : page
    }

    async function tryOnce(visitor: Visitor, person: Person): Promise<Page> {
      const begun = await begin(visitor, person)
      if (begun.status === 429) return begun
      const page = await turnTo(visitor, begun, person, way.name)
      return handIn(visitor, page, await answer(person, page))
    }

    /** With whatever is offered and is not lost, each once. */
    async function helpOneself(
      visitor: Visitor,
      page: Page,
      person: Person,
      without = [way.name],
    ): Promise<Page> {
      const name = offered(page).find((each) => !without.includes(each) && person.hands.has(each))
      if (name === undefined) return page
      const there = await turnTo(visitor, page, person, name)
      const next = await handIn(visitor, there, await answer(person, there))
      return helpOneself(visitor, next, person, [...without, name])
    }

    async function recorded({ id }: Person, action: string) {
      const { items } = await signet.house.audit.list({ identityId: id, action, limit: 100 })
      return items.filter((item) => item.details?.factor === undefined || item.details.factor === way.name)
    }
  })

  async function isIn(visitor: Visitor): Promise<boolean> {
    const page = await visitor.get(`${signet.issuer}/account`)
    return page.document.querySelector('input[name="identifier"]') === null
  }
})

const somewhere = () => createVisitor({ headers: elsewhere() })
const at = ({ url, status }: Page) => `${status} ${url.pathname}`
const home = '200 /account'

function answer({ hands }: Person, page: Page, right = true): Promise<Values> {
  const hand = hands.get(asked(page))
  if (hand === undefined) throw new Error(`${page.url} (${page.status}): ${words(page).slice(0, 400)}`)
  return hand.answer(page, right)
}

async function turnTo(visitor: Visitor, page: Page, { hands }: Person, value: string): Promise<Page> {
  const there = asked(page) === value ? page : await visitor.submit(page, {}, { name: 'factor', value })
  await hands.get(value)?.arrive?.()
  return there
}

/** The way that a page asks for. */
function asked(page: Page): string {
  return actionOf(page).split('/').at(-1) ?? ''
}

function offered(page: Page): string[] {
  const others = page.document.querySelectorAll('form[action$="/choose"] button[name="factor"]')
  return [asked(page), ...others.map((button) => button.getAttribute('value') ?? '')]
}

function actionOf(page: Page): string {
  return page.document.querySelector('form[action*="/prove/"]')?.getAttribute('action') ?? ''
}

function handIn(visitor: Visitor, page: Page, values: Values): Promise<Page> {
  // A page without a field is answered by its button.
  return Object.keys(values).length === 0 ? visitor.press(page, actionOf(page)) : visitor.submit(page, values)
}

/** The session goes; the browser stays the one that it is. */
function signOut({ cookies }: Visitor): void {
  for (const key of [...cookies.keys()]) if (key.includes('session')) cookies.delete(key)
}
