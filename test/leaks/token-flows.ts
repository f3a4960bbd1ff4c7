/** What applications and machines get. */
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as client from 'openid-client'
import { expect } from 'vitest'
import { deny, goThrough, prove, tokensFor } from '../support/person.ts'
import { browser } from '../support/relying-party.ts'
import { api, newPassword, operator, partyOf, visitorOf, type World } from './world.ts'

/** Codes, tokens of every kind, retries and replays. */
export async function tokenFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const visitor = visitorOf(world, browser())
  const consent = await prove(
    visitor,
    await visitor.get((await party.begin()).url),
    'ana@example.com',
    newPassword,
  )
  await visitor.submit(consent, {}, deny)
  const parameters = { scope: 'openid profile email offline_access', prompt: 'consent' }
  const { flow, page } = await goThrough(visitor, party, { parameters })
  const tokens = await party.finish(flow, page.url)
  await party.userinfo(tokens)
  const refreshed = await party.refresh(tokens.refresh_token)
  await party.refresh(tokens.refresh_token)
  await party.isActive(refreshed.access_token)
  await client.tokenRevocation(party.configuration, refreshed.access_token)
  await expect(party.finish(flow, page.url)).rejects.toMatchObject({ error: 'invalid_grant' })
  for (const resource of [api, 'https://opaque.example.com'])
    await tokensFor(visitor, party, { parameters: { scope: 'openid read', resource, prompt: 'consent' } })
  const left = await goThrough(visitor, party, { parameters: { response_mode: 'form_post' } })
  for (const input of left.page.document.querySelectorAll('input[name="code"]'))
    world.secrets.add(input.getAttribute('value') ?? '')
  const { url } = await party.begin({ id_token_hint: tokens.id_token ?? '', prompt: 'none' })
  await visitor.send(`${world.issuer}/authorize`, { method: 'POST', body: url.searchParams })
  const many = await party.begin({
    claims: JSON.stringify({ userinfo: { name: null } }),
    ui_locales: 'de '.repeat(2200).trim(),
  })
  await visitor.send(`${world.issuer}/authorize`, { method: 'POST', body: many.url.searchParams })
}

/** Machines: a secret, a second secret, and a key of one's own. */
export async function machineFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const added = await world.house.clients.addSecret(party.id, operator)
  if (added.status === 'added') world.secrets.add(added.secret)
  for (const parameters of [{}, { resource: api, scope: 'read' }]) {
    const { access_token } = await client.clientCredentialsGrant(party.configuration, parameters)
    world.secrets.add(access_token)
  }
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'own', alg: 'ES256', use: 'sig' }] }
  const created = await world.house.clients.create(
    {
      metadata: {
        client_name: 'Machine',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks,
      },
    },
    operator,
  )
  if (created.status !== 'created') throw new Error('no machine')
  const { id } = created.client
  const assertion = await new SignJWT({ jti: randomBytes(16).toString('base64url') })
    .setProtectedHeader({ alg: 'ES256', kid: 'own' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(world.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(privateKey)
  world.secrets.add(assertion)
  const body = () =>
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  const first = await fetch(`${world.issuer}/token`, { method: 'POST', body: body() })
  world.secrets.add(((await first.json()) as { access_token: string }).access_token)
  await fetch(`${world.issuer}/token`, { method: 'POST', body: body() })
}
