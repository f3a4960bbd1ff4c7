/** The demo application's API: a resource server of its own, which takes only access tokens that were issued for it (RFC 9068). */
import Router from '@koa/router'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import type { Context } from 'koa'
import { challengeFor, type Demand } from './step-up.ts'

export interface ApiOptions {
  readonly issuer: string
  /** Its resource indicator. */
  readonly audience: string
  readonly jwksUri: () => Promise<URL>
}

/** Two factors, given in the last five minutes. */
const forHarvest: Demand = {
  acr: ['urn:signet:acr:two-factor', 'urn:signet:acr:phishing-resistant', 'urn:signet:acr:hardware-bound'],
  maxAge: 300,
}

export function createApi({ issuer, audience, jwksUri }: ApiOptions): Router {
  const router = new Router({ prefix: '/api' })
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined

  async function checked(ctx: Context): Promise<JWTPayload | undefined> {
    const token = (ctx.get('authorization').match(/^Bearer (.+)$/) ?? [])[1] ?? ''
    keys ??= createRemoteJWKSet(await jwksUri())
    try {
      return (await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' })).payload
    } catch (error) {
      refuse(ctx, 'Bearer error="invalid_token"', {
        error: 'invalid_token',
        error_description: error instanceof Error ? error.message : String(error),
      })
      return undefined
    }
  }

  router.get('/me', async (ctx) => {
    const token = await checked(ctx)
    if (token !== undefined) ctx.body = { hello: token.sub, scope: token.scope, until: inWords(token.exp) }
  })

  router.get('/harvest', async (ctx) => {
    const token = await checked(ctx)
    if (token === undefined) return
    const challenge = challengeFor(token, forHarvest)
    if (challenge !== undefined) return refuse(ctx, challenge, { error: 'insufficient_user_authentication' })
    ctx.body = { hello: token.sub, apples: 42, acr: token.acr, signed_in: inWords(Number(token.auth_time)) }
  })

  return router
}

function refuse(ctx: Context, challenge: string, body: object): void {
  ctx.status = 401
  ctx.set('www-authenticate', challenge)
  ctx.body = body
}

function inWords(seconds = 0): string {
  return new Date(seconds * 1000).toISOString()
}
