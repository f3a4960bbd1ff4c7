import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { type App, startScene } from '../support/app.ts'
import {
  authorize,
  exchange,
  jsonOf,
  person,
  post,
  type Tokens,
  tokensFor,
} from '../support/relying-party.ts'

async function userinfoOf(app: App, tokens: Tokens): Promise<Record<string, unknown>> {
  return jsonOf(
    await fetch(`${app.origin}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } }),
  )
}

function idTokenOf(tokens: Tokens): Record<string, unknown> {
  return JSON.parse(Buffer.from(tokens.id_token.split('.')[1] ?? '', 'base64url').toString())
}

const profile = {
  name: 'Ana Ruiz',
  given_name: 'Ana',
  family_name: 'Ruiz',
  middle_name: 'M',
  nickname: 'Anita',
  preferred_username: 'Ana',
  profile: 'https://example.com/ana',
  picture: 'https://example.com/ana.png',
  website: 'https://ana.example.com',
  gender: 'female',
  birthdate: '1990-01-02',
  zoneinfo: 'Europe/Madrid',
  locale: 'es-ES',
  updated_at: 1_700_000_000,
}
const byScope = {
  profile,
  email: { email: 'Ana@example.com', email_verified: true },
  phone: { phone_number: '+34600000000', phone_number_verified: false },
  address: { address: { formatted: 'Calle 1, Madrid', country: 'ES' } },
  groups: { groups: ['staff'] },
}
const everyClaim: Record<string, unknown> = Object.assign({}, ...Object.values(byScope))

describe('claims', () => {
  eachStore((_, open) => {
    it('gives each scope its claims at userinfo, and nothing of the others', async () => {
      const { app, client, ana } = await startScene(open)
      for (const [scope, claims] of Object.entries(byScope)) {
        const tokens = await tokensFor(app, client, ana.id, { scope: `openid ${scope}` })
        expect(await userinfoOf(app, tokens)).toEqual({ sub: ana.id, ...claims })
        for (const name of Object.keys(claims)) expect(idTokenOf(tokens)).not.toHaveProperty(name)
      }
    })

    it('gives each claim by name, in the ID token and at userinfo', async () => {
      const { app, client, ana } = await startScene(open)
      const request = Object.fromEntries(Object.keys(everyClaim).map((name) => [name, null]))
      const claims = JSON.stringify({ id_token: request, userinfo: request })
      const tokens = await tokensFor(app, client, ana.id, { claims })
      expect(await userinfoOf(app, tokens)).toEqual({ sub: ana.id, ...everyClaim })
      expect(idTokenOf(tokens)).toMatchObject({ sub: ana.id, ...everyClaim })
    })

    it('leaves out what a person does not have, and never says null', async () => {
      const { app, client } = await startScene(open)
      const bare = await app.addIdentity({ identifiers: [], claims: {}, groups: [] })
      const tokens = await tokensFor(app, client, bare.id, {
        scope: 'openid profile email phone address groups',
      })
      expect(await userinfoOf(app, tokens)).toEqual({ sub: bare.id, groups: [], updated_at: 1_700_000_000 })
    })

    it('asks about a claim that no scope covers, and ignores names that nobody knows', async () => {
      const { app, client, ana } = await startScene(open)
      const params = {
        scope: 'openid email',
        claims: '{"userinfo":{"email":{"essential":true},"birthdate":null,"shoe_size":null}}',
      }
      const { pages, ...answered } = await authorize(app, createVisitor(), client, {
        as: person(ana.id),
        params,
      })
      expect(pages[1]?.asked.claims).toEqual(['birthdate'])
      const { body } = await exchange(app, client, { ...answered, pages })
      expect(await userinfoOf(app, body)).toEqual({ sub: ana.id, birthdate: '1990-01-02', ...byScope.email })
    })

    it('refuses a malformed claims parameter', async () => {
      const { app, client } = await startScene(open)
      for (const claims of ['{', '[]', '"x"', '{}', '{"userinfo":[]}', '{"id_token":{"email":1}}']) {
        const { params } = await authorize(app, createVisitor(), client, { params: { claims } })
        expect([claims, params.get('error')]).toEqual([claims, 'invalid_request'])
      }
    })

    it('keeps the claims through a refresh, and reads the person anew', async () => {
      const { app, client, ana } = await startScene(open)
      const tokens = await tokensFor(app, client, ana.id, { claims: '{"id_token":{"name":null}}' })
      await app.changeIdentity(ana.id, { claims: { name: 'Ana Ruiz Vega' } })
      const { body } = await post(app, '/token', client, {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
      })
      expect(idTokenOf(body).name).toBe('Ana Ruiz Vega')
    })

    it('gives pairwise clients a subject of their own sector, the same each time', async () => {
      const { app, client, ana } = await startScene(open)
      const pairwise = (host: string) =>
        app.addClient({ metadata: { subject_type: 'pairwise', redirect_uris: [`https://${host}/callback`] } })
      const [one, sibling, stranger] = [
        await pairwise('a.example.com'),
        await pairwise('a.example.com'),
        await pairwise('b.example.com'),
      ]
      const sub = async (of: typeof one) => {
        const tokens = await tokensFor(app, of, ana.id)
        const { sub: atUserinfo } = await userinfoOf(app, tokens)
        expect(idTokenOf(tokens).sub).toBe(atUserinfo)
        expect((await post(app, '/introspect', of, { token: tokens.access_token })).body.sub).toBe(atUserinfo)
        return atUserinfo
      }
      expect(idTokenOf(await tokensFor(app, client, ana.id)).sub).toBe(ana.id)
      const first = await sub(one)
      expect(first).not.toBe(ana.id)
      expect(await sub(one)).toBe(first)
      expect(await sub(sibling)).toBe(first)
      expect(await sub(stranger)).not.toBe(first)
    })
  })
})
