/** An application sends somebody to sign in. */
import { createHash } from 'node:crypto'
import type { Signet } from '../support/signet.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'
import { openSignet } from './support/server.ts'

export const callback = 'http://localhost:9/callback'
export const password = 'eleven purple teapots'
export const by = { kind: 'system' } as const

/** A Signet with one person and one application, and how that application sends a browser here. */
export async function open(env: Record<string, string> = {}) {
  const signet = await openSignet({ SIGNET_THROTTLE__FREE_TRIES: '3', ...env })
  const { identities, links, clients } = signet.house
  const created = await identities.create(
    {
      identifiers: [{ kind: 'email', written: 'ana@example.com' }],
      claims: { name: 'Ana' },
      state: 'invited',
    },
    by,
  )
  if (created.status !== 'created') throw new Error(created.status)
  const invited = createVisitor()
  const page = await invited.get((await links.invite(created.identity.id, by, { language: 'en' })).link)
  await invited.submit(page, { password })
  const metadata = {
    client_name: 'Orchard <b>',
    client_uri: 'https://orchard.example/',
    redirect_uris: [callback],
    grant_types: ['authorization_code', 'refresh_token'],
  }
  const client = await clients.create({ metadata }, by)
  if (client.status !== 'created') throw new Error(JSON.stringify(client))
  return { signet, identityId: created.identity.id, url: authorization(signet, client.client.id) }
}

export function authorization({ issuer }: Signet, clientId: string) {
  return (more: Record<string, string> = {}) => {
    const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url')
    const params = {
      client_id: clientId,
      response_type: 'code',
      scope: 'openid profile email',
      redirect_uri: callback,
      state: 's',
      ...more,
    }
    return `${issuer}/authorize?${new URLSearchParams({ ...params, code_challenge: challenge, code_challenge_method: 'S256' })}`
  }
}

export const visitor = () => createVisitor({ stopAt: callback })

export async function signIn(who: Visitor, url: string, values: Record<string, string> = {}): Promise<Page> {
  const identify = await who.get(url)
  const prove = await who.submit(identify, { identifier: 'ana@example.com' })
  return who.submit(prove, { password, ...values })
}

export const allow = { name: 'decision', value: 'allow' }
export const errorOf = (page: Page) => page.url.searchParams.get('error')
