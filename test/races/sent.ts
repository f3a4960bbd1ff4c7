/** Races for what was sent to a person: one answer to a link counts, one sign-in comes of a code. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addPerson } from '../support/person.ts'
import { callback } from '../support/relying-party.ts'
import { engines, type FreshStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'
import { type Arena, elsewhere, openArena, race } from './arena.ts'
import { post } from './races.ts'

export function describeSentRaces(rounds: number): void {
  describe.each(Object.entries(engines()))('on %s', (_, fresh) => {
    let arena: Arena
    let store: FreshStore
    beforeAll(async () => {
      store = await fresh()
      arena = await openArena(store.url)
    })
    afterAll(async () => {
      await arena?.stop()
      await store?.drop()
    })

    const racing = (title: string, run: (racers: number, email: string) => Promise<void>) =>
      it.each([2, 8, 32])(`${title}, %i racers, ${rounds} rounds`, async (racers) => {
        for (let round = 0; round < rounds; round++) {
          const email = `${title.length}-${racers}-${round}@example.com`
          await addPerson(arena.house, email)
          await run(racers, email)
        }
      })

    /** The page that asks for what was sent, and the message. */
    async function ask(
      email: string,
      factor: string,
    ): Promise<{ visitor: Visitor; page: Page; sent: string[] }> {
      const visitor = createVisitor({ stopAt: callback, headers: elsewhere() })
      const identify = await visitor.get((await arena.party.begin()).url)
      const proof = await visitor.submit(identify, { identifier: email })
      const page = await visitor.submit(proof, {}, { name: 'factor', value: factor })
      const [mail] = (await arena.house.inbox?.messages({ to: email, waitMs: 10_000 })) ?? []
      return { visitor, page, sent: [...(mail?.codes ?? []), ...(mail?.links ?? [])] }
    }

    const everywhere = ({ cookies }: Visitor) =>
      [...cookies].map(([key, value]) => `${key.split(' ')[2]}=${value}`).join('; ')

    async function expectOneSignIn(email: string): Promise<void> {
      const id = (await arena.house.identities.findByIdentifier('email', email))?.id ?? ''
      const { items } = await arena.house.audit.list({ identityId: id, limit: 100 })
      expect(items.filter(({ action }) => action === 'authentication.completed')).toHaveLength(1)
    }

    racing(
      'S33 F3: answer one link: exactly one answer counts, and one sign-in comes of it',
      async (racers, email) => {
        const { visitor, page, sent } = await ask(email, 'magic-link')
        const number = page.document.querySelector('.match-number')?.textContent.trim() ?? ''
        const phone = createVisitor({ headers: elsewhere() })
        const question = await phone.get(sent[0] ?? '')
        const answers = await race(racers, (racer) =>
          post(arena, racer, phone, question, '/answer', { number }),
        )
        expect(answers.filter(({ location }) => location === '/answer/done')).toHaveLength(1)
        expect(answers.filter(({ status }) => status === 410)).toHaveLength(racers - 1)
        const path = `${page.url.pathname}/prove/magic-link`
        await race(racers, (racer) => post(arena, racer, visitor, page, path, {}, everywhere(visitor)))
        await expectOneSignIn(email)
      },
    )

    racing('S28 F3: type one mailed code: exactly one sign-in comes of it', async (racers, email) => {
      const { visitor, page, sent } = await ask(email, 'email-code')
      const path = `${page.url.pathname}/prove/email-code`
      const code = sent[0] ?? ''
      await race(racers, (racer) => post(arena, racer, visitor, page, path, { code }, everywhere(visitor)))
      await expectOneSignIn(email)
    })
  })
}
