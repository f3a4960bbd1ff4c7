/** Races for what proves a person once: one answer to a link and on a phone counts; one sign-in comes of a code, and of what a key signed. */
import { describe, expect, it } from 'vitest'
import { type Options, softKey } from '../factors/soft-key.ts'
import { password } from '../support/person.ts'
import { createPhone } from '../support/phone.ts'
import { callback } from '../support/relying-party.ts'
import { engines } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'
import { elsewhere, everywhere, inTurn, post, race, useArena } from './arena.ts'

const visit = { address: '127.0.0.1', language: 'en', userAgent: 'test' }

export function describeAnswerRaces(rounds: number): void {
  describe.each(Object.entries(engines()))('on %s', (_, fresh) => {
    const arena = useArena(fresh)

    const racing = <Ready>(
      title: string,
      prepare: (email: string, id: string) => Promise<Ready>,
      run: (racers: number, ready: Ready) => Promise<void>,
    ) =>
      it.each([2, 8, 32])(`${title}, %i racers, ${rounds} rounds`, async (racers) => {
        const emailOf = (round: number) => `${title.length}-${racers}-${round}@example.com`
        await inTurn(
          rounds,
          async (round) => {
            const id = await addPerson(emailOf(round))
            return prepare(emailOf(round), id)
          },
          async (ready, round) => {
            await run(racers, ready)
            await expectOneSignIn(emailOf(round))
          },
        )
      })

    /** Without a password: what is raced with is the only way. */
    async function addPerson(email: string): Promise<string> {
      const draft = {
        identifiers: [{ kind: 'email', written: email, verified: true }],
        state: 'active',
      } as const
      const created = await arena.house.identities.create(draft, { kind: 'operator', id: 'test' })
      if (created.status !== 'created') throw new Error(`${email}: ${created.status}`)
      return created.identity.id
    }

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

    async function expectOneSignIn(email: string): Promise<void> {
      const id = (await arena.house.identities.findByIdentifier('email', email))?.id ?? ''
      const { items } = await arena.house.audit.list({ identityId: id, limit: 100 })
      expect(items.filter(({ action }) => action === 'authentication.completed')).toHaveLength(1)
    }

    racing(
      'S33 F3: answer one link: exactly one answer counts, and one sign-in comes of it',
      async (email) => {
        const asked = await ask(email, 'magic-link')
        const phone = createVisitor({ headers: elsewhere() })
        return { ...asked, phone, question: await phone.get(asked.sent[0] ?? '') }
      },
      async (racers, { visitor, page, phone, question }) => {
        const number = page.document.querySelector('.match-number')?.textContent.trim() ?? ''
        const answers = await race(racers, (racer) =>
          post(arena, racer, phone, question, '/answer', { number }),
        )
        expect(answers.filter(({ location }) => location === '/answer/done')).toHaveLength(1)
        expect(answers.filter(({ status }) => status === 410)).toHaveLength(racers - 1)
        const path = `${page.url.pathname}/prove/magic-link`
        await race(racers, (racer) => post(arena, racer, visitor, page, path, {}, everywhere(visitor)))
      },
    )

    racing(
      'F3: approve one request on a phone: exactly one answer counts, and one sign-in comes of it',
      async (email, id) => {
        const { enrolments, authentication } = arena.house
        const phone = await createPhone(arena.issuer)
        const ask = async (path: string, form = {}, how = {}) => ({
          text: await phone.sign(path, form, how),
          purpose: { method: 'POST', url: arena.issuer + path },
        })
        await enrolments.finish(id, 'password', { password }, visit)
        const { ticket = '', show } = await enrolments.begin(id, 'push', visit)
        const invitation = new URL(String(show?.link)).hash.slice(1)
        await authentication.devices.follow(
          await ask('/approve/phones', { invitation, name: 'Phone' }, { brings: true }),
        )
        await enrolments.finish(id, 'push', { ticket, guest: phone.id }, visit)
        const visitor = createVisitor({ stopAt: callback, headers: elsewhere() })
        const identify = await visitor.get((await arena.party.begin()).url)
        const page = await visitor.submit(await visitor.submit(identify, { identifier: email }), { password })
        const heard = await authentication.devices.look(await ask('/approve/requests'))
        const question = (heard.status === 'heard' && heard.question?.id) || ''
        return { visitor, page, phone, question }
      },
      async (racers, { visitor, page, phone, question }) => {
        const path = '/approve/answers'
        const number = page.document.querySelector('.match-number')?.textContent.trim() ?? ''
        const forms = await race(racers, () => phone.sign(path, { question, number, decision: 'allow' }))
        const answers = await race(racers, async (racer) => {
          const headers = { 'content-type': 'application/json', ...elsewhere() }
          const body = JSON.stringify({ signed: forms[racer] })
          const response = await fetch(arena.at(racer, path), { method: 'POST', headers, body })
          return (await response.json()) as { status?: string }
        })
        expect(answers.filter(({ status }) => status === 'approved')).toHaveLength(1)
        const proof = `${page.url.pathname}/prove/push`
        await race(racers, (racer) => post(arena, racer, visitor, page, proof, {}, everywhere(visitor)))
      },
    )

    racing(
      'S28 F3: type one mailed code: exactly one sign-in comes of it',
      (email) => ask(email, 'email-code'),
      async (racers, { visitor, page, sent }) => {
        const path = `${page.url.pathname}/prove/email-code`
        const code = sent[0] ?? ''
        await race(racers, (racer) => post(arena, racer, visitor, page, path, { code }, everywhere(visitor)))
      },
    )

    racing(
      'S31 F3: hand in one signature of a passkey: exactly one sign-in comes of it',
      async (_, id) => {
        const site = { origin: arena.issuer, host: new URL(arena.issuer).hostname }
        const key = softKey({ user: id })
        const { ticket = '', show } = await arena.house.enrolments.begin(id, 'passkey', visit)
        const made = { credential: key.create(show?.options as Options, site), ticket }
        expect((await arena.house.enrolments.finish(id, 'passkey', made, visit)).status).toBe('enrolled')
        const visitor = createVisitor({ headers: elsewhere() })
        const page = await visitor.get((await arena.party.begin()).url)
        const asked = page.document.querySelector('[data-webauthn]')?.getAttribute('data-options') ?? ''
        return { visitor, page, credential: key.get(JSON.parse(asked), site) }
      },
      async (racers, { visitor, page, credential }) => {
        const path = `${page.url.pathname}/prove/passkey`
        await race(racers, (racer) =>
          post(arena, racer, visitor, page, path, { credential }, everywhere(visitor)),
        )
      },
    )
  })
}
