/** Plays the people at the pages: pages are JSON, and interactions are answered by `POST /interaction/:uid` with a `Play`. */
import type { Context } from 'koa'
import { acrOf, type Level } from '../../../src/domain/assurance.ts'
import type { Oidc, Pages } from '../../../src/oidc/index.ts'

export const jsonPages: Pages = {
  signOut: (ctx, { action, xsrf, client, clientAsked }) => {
    ctx.body = { page: 'sign-out', action, xsrf, clientAsked, client: client?.id }
  },
  signedOut: (ctx, { client }) => {
    ctx.body = { page: 'signed-out', client: client?.id }
  },
  error: (ctx, { client, ...page }) => {
    ctx.body = { page: 'error', ...page, client: client?.id }
  },
  formPost: (ctx, { action, fields }) => {
    ctx.body = { page: 'form-post', action, fields }
  },
}

/** What a person does at an interaction's page. */
export interface Play {
  readonly login?: {
    readonly identityId: string
    readonly level?: Level
    readonly remember?: boolean
    readonly authTime?: number
    readonly credentials?: readonly string[]
  }
  readonly consent?: {
    readonly scopes: readonly string[]
    readonly claims?: readonly string[]
    readonly resources?: Record<string, readonly string[]>
  }
  readonly continue?: true
  readonly refuse?: { readonly error: string; readonly description?: string }
}

export async function play(ctx: Context, oidc: Oidc): Promise<void> {
  if (ctx.path === '/whoami') {
    ctx.body = (await oidc.currentSession(ctx)) ?? {}
    return
  }
  const uid = /^\/interaction\/([^/]+)$/.exec(ctx.path)?.[1]
  if (uid === undefined) return
  const interaction = await oidc.interactions.find(ctx, uid)
  if (interaction === undefined) {
    ctx.status = 400
    ctx.body = { page: 'lost' }
    return
  }
  if (ctx.method === 'GET') {
    ctx.body = interaction
    return
  }
  const act = (await json(ctx)) as Play
  const { interactions } = oidc
  if (act.login !== undefined) {
    const {
      identityId,
      level = 'single-factor',
      remember = false,
      authTime = Date.now(),
      credentials = [],
    } = act.login
    const amr = level === 'single-factor' ? ['pwd'] : ['mfa', 'otp', 'pwd']
    await interactions.login(
      ctx,
      interaction,
      { identityId, authTime, level, acr: acrOf(level), amr, process: interaction.uid, credentials },
      { remember },
    )
  } else if (act.consent !== undefined) {
    await interactions.consent(ctx, interaction, { claims: [], resources: {}, ...act.consent })
  } else if (act.refuse !== undefined) {
    await interactions.refuse(ctx, interaction, act.refuse.error, act.refuse.description)
  } else await interactions.continueWith(ctx, interaction)
}

async function json(ctx: Context): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of ctx.req) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}
