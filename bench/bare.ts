/** oidc-provider alone: its memory adapter, its default tokens, a sign-in page of three lines, argon2 in the same process. The measure of everything. */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { verify } from 'argon2'
import { type ClientMetadata, errors, type JWK, Provider } from 'oidc-provider'
import { resources } from './fixture.ts'

interface BareFixture {
  readonly clients: ClientMetadata[]
  readonly keys: JWK[]
  readonly passwordHash: string
}

const [port = '', file = ''] = process.argv.slice(2)
const issuer = `http://localhost:${port}`
const { clients, keys, passwordHash }: BareFixture = JSON.parse(readFileSync(file, 'utf8'))

const tokens: Record<string, { accessTokenFormat: 'jwt' | 'opaque'; alg?: 'ES256' | 'RS256' }> = {
  [resources.es256]: { accessTokenFormat: 'jwt', alg: 'ES256' },
  [resources.rs256]: { accessTokenFormat: 'jwt', alg: 'RS256' },
  [resources.opaque]: { accessTokenFormat: 'opaque' },
}

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: sub, email_verified: true }) }),
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  async loadExistingGrant(ctx) {
    const { client, session, account } = ctx.oidc
    const id = session?.grantIdFor(client?.clientId ?? '')
    if (id !== undefined) return provider.Grant.find(id)
    const grant = new provider.Grant({
      accountId: account?.accountId ?? '',
      clientId: client?.clientId ?? '',
    })
    grant.addOIDCScope('openid email')
    await grant.save()
    return grant
  },
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(_ctx, indicator) {
        const api = tokens[indicator]
        if (api === undefined) throw new errors.InvalidTarget()
        const { accessTokenFormat, alg } = api
        return {
          scope: 'read',
          audience: indicator,
          accessTokenFormat,
          ...(alg === undefined ? {} : { jwt: { sign: { alg } } }),
        }
      },
    },
  },
})

const answer = provider.callback()
createServer((request, response) => {
  if (request.url?.startsWith('/interaction/')) {
    interact(request, response).catch((error) => response.writeHead(500).end(String(error)))
  } else answer(request, response)
}).listen(Number(port), 'localhost', () => console.log(JSON.stringify({ issuer })))

async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { uid } = await provider.interactionDetails(request, response)
  if (request.method !== 'POST') return page(response, uid, 200)
  let body = ''
  for await (const chunk of request) body += chunk
  const form = new URLSearchParams(body)
  if (!(await verify(passwordHash, form.get('password') ?? ''))) return page(response, uid, 401)
  const login = { accountId: form.get('identifier') ?? '' }
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false })
}

function page(response: ServerResponse, uid: string, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  response.end(
    `<!DOCTYPE html><title>Sign in</title><form method="post" action="/interaction/${uid}"><input name="identifier"><input name="password" type="password"><button>Continue</button></form>`,
  )
}
