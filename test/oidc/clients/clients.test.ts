import { describe, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { createVisitor } from '../../support/visitor.ts'
import { startScene } from '../support/app.ts'
import { authorize, exchange, person, post } from '../support/relying-party.ts'

const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }

describe('clients', () => {
  eachStore((_, open) => {
    it('are read once per request, however many there are', async () => {
      const { app } = await startScene(open)
      const clients = await Promise.all(
        Array.from({ length: 150 }, () => app.addClient({ metadata: machine })),
      )
      for (const client of clients) {
        app.calls.clear()
        expect((await post(app, '/token', client, { grant_type: 'client_credentials' })).status).toBe(200)
        const reads = [...app.calls].filter(([call]) => call.startsWith('clients '))
        expect(reads).toEqual([['clients get', 1]])
      }
    })

    it('keep the metadata that the pages show and the protocol needs', async () => {
      const { app, ana } = await startScene(open)
      const metadata = {
        client_name: 'Orchard',
        logo_uri: 'https://rp.example.com/logo.png',
        policy_uri: 'https://rp.example.com/privacy',
        tos_uri: 'https://rp.example.com/terms',
        client_uri: 'https://rp.example.com',
        contacts: ['ops@rp.example.com'],
        default_max_age: 3600,
        require_auth_time: true,
        initiate_login_uri: 'https://rp.example.com/login',
      }
      const client = await app.addClient({ metadata })
      const answered = await authorize(app, createVisitor(), client, { as: person(ana.id) })
      expect(answered.pages[0]).toMatchObject({ client: { metadata } })
      const claims = JSON.parse(
        Buffer.from(
          (await exchange(app, client, answered)).body.id_token.split('.')[1] ?? '',
          'base64url',
        ).toString(),
      )
      expect(claims).toHaveProperty('auth_time')
    })

    it('that are registered wrongly get an error and break nothing', async () => {
      const { app } = await startScene(open)
      const broken = await app.addClient({ metadata: { redirect_uris: ['javascript:alert(1)'] } })
      const answered = await authorize(app, createVisitor(), broken)
      expect([answered.location, answered.status]).toEqual([undefined, 400])
      expect((await post(app, '/token', broken, { grant_type: 'authorization_code' })).status).toBe(400)
    })
  })
})
