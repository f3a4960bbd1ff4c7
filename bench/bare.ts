/** oidc-provider alone: its memory adapter, its default tokens, a sign-in page of three lines, argon2, otplib and SimpleWebAuthn in the same process. The measure of everything. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { verify } from 'argon2'
import { type ClientMetadata, errors, type JWK, Provider } from 'oidc-provider'
import { verifySync } from 'otplib'
import { resources } from './fixture.ts'

interface BareFixture {
  readonly clients: ClientMetadata[]
  readonly keys: JWK[]
  readonly passwordHash: string
  readonly totpSecret: string
  readonly passkeys: readonly { readonly id: string; readonly person: string; readonly publicKey: string }[]
}

const [port = '', file = ''] = process.argv.slice(2)
const issuer = `http://localhost:${port}`
const { clients, keys, passwordHash, totpSecret, passkeys }: BareFixture = JSON.parse(
  readFileSync(file, 'utf8'),
)
const keyById = new Map(
  passkeys.map(({ publicKey, ...key }) => [
    key.id,
    { ...key, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')) },
  ]),
)
const challenges = new Map<string, string>()

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
  const accountId = await provedBy(new URLSearchParams(body), uid)
  if (accountId === undefined) return page(response, uid, 401)
  const login = { accountId }
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false })
}

async function provedBy(form: URLSearchParams, uid: string): Promise<string | undefined> {
  const [credential, code] = [form.get('credential'), form.get('code')]
  if (credential) return ownerOf(JSON.parse(credential), uid)
  if (!(await verify(passwordHash, form.get('password') ?? ''))) return undefined
  if (code && !verifySync({ secret: totpSecret, token: code, epochTolerance: 30 }).valid) return undefined
  return form.get('identifier') ?? ''
}

async function ownerOf(
  response: Parameters<typeof verifyAuthenticationResponse>[0]['response'],
  uid: string,
): Promise<string | undefined> {
  const key = keyById.get(response.id)
  const expectedChallenge = challenges.get(uid)
  challenges.delete(uid)
  if (key === undefined || expectedChallenge === undefined) return undefined
  const { verified } = await verifyAuthenticationResponse({
    response,
    expectedChallenge,
    expectedOrigin: issuer,
    expectedRPID: 'localhost',
    credential: { id: key.id, publicKey: key.publicKey, counter: 0 },
  })
  return verified ? key.person : undefined
}

function page(response: ServerResponse, uid: string, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  const challenge = randomBytes(32).toString('base64url')
  challenges.set(uid, challenge)
  response.end(
    `<!DOCTYPE html><title>Sign in</title><form method="post" action="/interaction/${uid}" data-options="{&#34;challenge&#34;:&#34;${challenge}&#34;}"><input name="identifier"><input name="password" type="password"><input name="code"><input name="credential" type="hidden"><button>Continue</button></form>`,
  )
}
