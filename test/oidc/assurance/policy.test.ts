import { describe, expect, it } from 'vitest'
import { type Level, reaches } from '../../../src/domain/assurance.ts'
import type { StandingSession } from '../../../src/oidc/dependencies.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, type Person, person } from '../support/relying-party.ts'
import { claimsOf } from './claims.ts'

const none = { params: { prompt: 'none' } }

describe('a living session and what the policy asks for', () => {
  eachStore((_, open) => {
    /** A client that the policy asks `level` for, and an open session of one factor. */
    async function scene(level: Level = 'two-factor') {
      const asked: StandingSession[] = []
      const {
        app,
        client: usual,
        ana,
      } = await startScene(open, {
        async enough(session) {
          asked.push(session)
          return session.clientId !== 'strict' || reaches(session.level, level)
        },
      })
      const strict = await app.addClient({ id: 'strict' })
      const browser = createVisitor()
      const authTime = Date.now() - 60_000
      await authorize(app, browser, usual, {
        as: person(ana.id, { authTime, credentials: ['the password'] }),
      })
      return { app, usual, strict, ana, browser, asked, authTime }
    }
    const strong = { level: 'two-factor' } as const

    it('S18: that is not enough leads to a sign-in, and after it the request goes on', async () => {
      const { app, strict, ana, browser } = await scene()
      const answered = await authorize(app, browser, strict, { as: person(ana.id, strong) })
      expect(answered.pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
      expect(answered.pages[0]?.reasons).toEqual(['policy'])
      // Nobody asked for it by name: a trusted device may excuse.
      expect(answered.pages[0]?.requirement.stepUp).toBeUndefined()
      expect(claimsOf((await exchange(app, strict, answered)).body).amr).toEqual(['mfa', 'otp', 'pwd'])
      const again = await authorize(app, browser, strict, none)
      expect([again.pages, again.params.has('code')]).toEqual([[], true])
    })

    it('S18: that is enough is asked for nothing', async () => {
      const { app, usual, browser } = await scene()
      const { pages, params } = await authorize(app, browser, usual)
      expect([pages, params.has('code')]).toEqual([[], true])
    })

    it('S18 S19: that is not enough is login_required where nobody may be asked', async () => {
      const { app, strict, browser } = await scene()
      const { pages, params } = await authorize(app, browser, strict, none)
      expect([pages, params.get('error')]).toEqual([[], 'login_required'])
    })

    it('S18: is judged by what it is: whose, for which client, how strong, how old, with what, from where', async () => {
      const { app, usual, ana, browser, asked, authTime } = await scene()
      asked.length = 0
      await authorize(app, browser, usual, none)
      expect(asked).toEqual([
        {
          identityId: ana.id,
          clientId: usual.id,
          level: 'single-factor',
          authTime: Math.floor(authTime / 1000) * 1000,
          credentials: ['the password'],
          address: '192.0.2.1',
        },
      ])
    })

    it('S18: asks once a request, whatever the answer: nobody goes round in circles', async () => {
      const { app, strict, ana, browser } = await scene('hardware-bound')
      const { pages } = await authorize(app, browser, strict, { as: person(ana.id, strong) })
      expect(pages.map((page) => page.prompt)).toEqual(['login', 'consent'])
    })

    it('S18: whoever cannot reach it goes back to the client with the refusal of their process', async () => {
      const { app, strict, browser } = await scene()
      const error = 'unmet_authentication_requirements'
      const answered = await authorize(app, browser, strict, { as: () => ({ refuse: { error } }) })
      expect([answered.pages.length, answered.params.get('error')]).toEqual([1, error])
      expect((await authorize(app, browser, strict, none)).params.get('error')).toBe('login_required')
    })

    it('S18: to go on with the account that is there does not go past it', async () => {
      const { app, strict, ana, browser } = await scene()
      const as: Person = (page) =>
        page.prompt === 'select_account' ? { continue: true } : person(ana.id, strong)(page)
      const { pages } = await authorize(app, browser, strict, { params: { prompt: 'select_account' }, as })
      expect(pages.map((page) => page.prompt)).toEqual(['select_account', 'login', 'consent'])
    })

    it('S39: is not asked about for somebody who may not be signed in', async () => {
      const { app, usual, ana, browser, asked } = await scene()
      await app.changeIdentity(ana.id, { state: 'suspended' })
      asked.length = 0
      const { params } = await authorize(app, browser, usual, none)
      expect([params.get('error'), asked]).toEqual(['login_required', []])
    })
  })
})
