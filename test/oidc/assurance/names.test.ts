import { describe, expect, it } from 'vitest'
import { acrOf } from '../../../src/domain/assurance.ts'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, jsonOf, person } from '../support/relying-party.ts'
import { acrClaim, claimsOf } from './claims.ts'

const refeds = 'https://refeds.org/profile/mfa'
const pape = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor'
const acr = {
  [refeds]: 'two-factor',
  [pape]: 'two-factor',
  phr: 'phishing-resistant',
  phrh: 'hardware-bound',
  '1': 'single-factor',
} as const

describe('the names that applications have for levels', () => {
  eachStore((_, open) => {
    const scene = () => startScene(open, { settings: { acr } })

    it('are listed in the discovery document beside our own', async () => {
      const { app } = await scene()
      const discovery = await jsonOf<{ acr_values_supported: string[] }>(
        await fetch(`${app.origin}/.well-known/openid-configuration`),
      )
      const ours = (['single-factor', 'two-factor', 'phishing-resistant', 'hardware-bound'] as const).map(
        acrOf,
      )
      expect(new Set(discovery.acr_values_supported)).toEqual(new Set([...ours, ...Object.keys(acr)]))
    })

    it('S18: are understood in acr_values, and each is reported back as it was asked for', async () => {
      const { app, client, ana } = await scene()
      const browser = createVisitor()
      const strong = person(ana.id, { level: 'two-factor' })
      for (const name of [refeds, pape, acrOf('two-factor')]) {
        const answered = await authorize(app, browser, client, { params: { acr_values: name }, as: strong })
        expect(claimsOf((await exchange(app, client, answered)).body).acr).toBe(name)
      }
      // One sign-in answered all three: the session has a level, and no name of anybody's.
      const weaker = await authorize(app, browser, client, { params: { acr_values: '1', prompt: 'none' } })
      expect(claimsOf((await exchange(app, client, weaker)).body).acr).toBe('1')
      const plain = await authorize(app, browser, client, { params: { prompt: 'none' } })
      expect(claimsOf((await exchange(app, client, plain)).body).acr).toBe(acrOf('two-factor'))
      const session = await jsonOf(await browser.send(`${app.origin}/whoami`))
      expect([session.level, session.acr]).toEqual(['two-factor', acrOf('two-factor')])
    })

    it('S18: ask for a stronger sign-in, in both places', async () => {
      const { app, client, ana } = await scene()
      const browser = createVisitor()
      await authorize(app, browser, client, { as: person(ana.id) })
      for (const params of [
        { acr_values: `unknown ${refeds}` },
        acrClaim({ essential: true, value: refeds }),
      ]) {
        const answered = await authorize(app, browser, client, {
          params: { ...params, prompt: 'login' },
          as: person(ana.id, { level: 'two-factor' }),
        })
        expect(answered.pages[0]?.requirement.level).toBe('two-factor')
        expect(claimsOf((await exchange(app, client, answered)).body).acr).toBe(refeds)
      }
      const hardware = { params: acrClaim({ essential: true, value: 'phrh' }), as: person(ana.id) }
      const weak = await authorize(app, browser, client, hardware)
      expect(weak.params.get('error')).toBe('unmet_authentication_requirements')
    })

    it('may be what a client asks for by default', async () => {
      const { app, ana } = await scene()
      const client = await app.addClient({ metadata: { default_acr_values: ['phr'] } })
      const answered = await authorize(app, createVisitor(), client, {
        as: person(ana.id, { level: 'hardware-bound' }),
      })
      expect(answered.pages[0]?.requirement).toMatchObject({ level: 'phishing-resistant', stepUp: true })
      expect(claimsOf((await exchange(app, client, answered)).body).acr).toBe('phr')
    })

    it('are not what every object has', async () => {
      const { app, client, ana } = await scene()
      const params = { acr_values: 'constructor __proto__ toString' }
      const { pages } = await authorize(app, createVisitor(), client, { params, as: person(ana.id) })
      expect(pages[0]?.requirement.level).toBe('none')
    })
  })
})
