import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, jsonOf, person, query, requestOf } from '../support/relying-party.ts'

const issuer = 'https://id.example.com'

describe('behind a proxy that ends TLS', () => {
  eachStore((_, open) => {
    it('makes every address from the issuer, whatever the request says about its host', async () => {
      const { app, client, ana } = await startScene(open, { issuer })
      const headers = {
        host: 'evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example',
      }
      const found = await jsonOf<Record<string, unknown>>(
        await fetch(`${app.origin}/.well-known/openid-configuration`, { headers }),
      )
      for (const [name, value] of Object.entries(found)) {
        if (name.endsWith('_endpoint') || name === 'jwks_uri')
          expect(String(value)).toMatch(/^https:\/\/id\.example\.com\//)
      }
      const browser = createVisitor({ headers })
      const answered = await authorize(app, browser, client, { as: person(ana.id) })
      expect(answered.params.get('iss')).toBe(issuer)
      const { body } = await exchange(app, client, answered)
      expect(JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString()).iss).toBe(
        issuer,
      )
      const page = await jsonOf(await browser.send(`${app.origin}/logout`))
      expect(page.action).toBe(`${issuer}/logout/confirm`)
      expect(JSON.stringify([page, answered.location])).not.toContain('evil')
    })

    it('S29: sets cookies that only travel over TLS, of this very host, one per interaction', async () => {
      const { app, client, ana } = await startScene(open, { issuer })
      const browser = createVisitor()
      const { params } = requestOf(client)
      const first = await browser.send(`${app.origin}/authorize?${query(params)}`)
      const [interaction, resume] = first.headers.getSetCookie()
      const uid = first.headers.get('location')?.split('/').at(-1)
      expect(interaction).toMatch(/^__Secure-signet-interaction=/)
      expect(resume).toMatch(/^__Secure-signet-resume=/)
      for (const line of [interaction, resume])
        expect(line?.toLowerCase()).toMatch(/secure(?=.*httponly)|httponly(?=.*secure)/)
      expect(interaction?.toLowerCase()).toContain(`path=/interaction/${uid?.toLowerCase()}`)
      expect(resume?.toLowerCase()).toContain(`path=/authorize/`)
      const login = await browser.send(`${app.origin}/interaction/${uid}`, {
        method: 'POST',
        body: JSON.stringify({ login: { identityId: ana.id } }),
      })
      const at = login.headers.get('location')?.replace(issuer, app.origin) ?? ''
      const session = (await browser.send(at)).headers.getSetCookie().find((line) => line.includes('session'))
      expect(session).toMatch(/^__Host-signet-session=[\w-]{43}; path=\/; samesite=lax; secure; httponly$/i)
    })

    it('uses plain names under a plain issuer, where a browser refuses the others', async () => {
      const { app, client } = await startScene(open)
      const { params } = requestOf(client)
      const first = await createVisitor().send(`${app.origin}/authorize?${query(params)}`)
      const names = first.headers.getSetCookie().map((line) => line.split('=')[0])
      expect(names).toEqual(['signet-interaction', 'signet-resume'])
      for (const line of first.headers.getSetCookie()) expect(line.toLowerCase()).not.toContain('secure')
    })
  })
})
