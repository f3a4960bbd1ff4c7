/** The end of a session, and the application that is told of it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as client from 'openid-client'
import { addPerson, tokensFor } from '../support/person.ts'
import { browser, callback } from '../support/relying-party.ts'
import { partyOf, visitorOf, type World } from './world.ts'

export async function logoutFlow(world: World, { url, first }: LogoutReceiver): Promise<void> {
  const party = await partyOf(world, {
    backchannel_logout_uri: url,
    post_logout_redirect_uris: [`${callback}/bye`],
  })
  await addPerson(world.house, 'bob@example.com')
  const visitor = visitorOf(world, browser())
  const tokens = await tokensFor(visitor, party, { email: 'bob@example.com' })
  const out = client.buildEndSessionUrl(party.configuration, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: `${callback}/bye`,
  })
  await visitor.get(out)
  await first
}

export interface LogoutReceiver {
  readonly url: string
  readonly received: string[]
  readonly first: Promise<void>
  stop(): Promise<void>
}

export async function startLogoutReceiver(): Promise<LogoutReceiver> {
  const received: string[] = []
  const { promise: first, resolve: came } = Promise.withResolvers<void>()
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push(new URLSearchParams(body).get('logout_token') ?? '')
    response.end()
    came()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/logout`,
    received,
    first,
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
