import type { Context } from 'koa'
import type { InteractionResults, Provider, Interaction as StoredInteraction } from 'oidc-provider'
import type { AuthenticationResult, Requirement } from '../domain/authentication.ts'
import type { Client } from '../domain/client.ts'
import { Problem } from '../domain/problem.ts'
import { type Asked, askedIn, type ConsentAnswer, decisionOn } from './asked.ts'
import type { CurrentSession } from './current-session.ts'
import type { OidcDependencies } from './dependencies.ts'
import { personIn } from './request-origin.ts'
import { insistedSubjects, type Params, requirementOf } from './requirement.ts'
import type { SubjectOf } from './token-policies.ts'

/** What the entrance needs to know to show the page that a request waits for. */
export interface Interaction {
  readonly uid: string
  readonly prompt: 'login' | 'consent' | 'select_account'
  /** Why, in the library's words. */
  readonly reasons: readonly string[]
  readonly client: Client
  readonly requirement: Requirement
  /** Who is signed in in this browser now. */
  readonly session?: CurrentSession
  /** `ui_locales`, in the client's order. */
  readonly languages: readonly string[]
  /** Where the browser will go: the host of the redirect URI, or its scheme when it has none. */
  readonly sendsTo: string
  readonly redirectUri: string
  readonly asked: Asked
  /** Set once it was answered: where its answer is waiting to be picked up (posted twice, two tabs). */
  readonly resumeAt?: string
}

/** All but `find` answer with 303 to the resumed request, and throw `Problem('interaction-lost')` when it is gone meanwhile. */
export interface Interactions {
  /** Undefined: answered already, expired, another browser's, of a client that was disabled, or its session is over. */
  find(ctx: Context, uid: string): Promise<Interaction | undefined>
  /** Signs in; whoever was signed in as somebody else is signed out. */
  login(
    ctx: Context,
    interaction: Interaction,
    result: AuthenticationResult,
    options: { readonly remember: boolean },
  ): Promise<void>
  /** What was asked and is not in the answer counts as refused, except what is not optional. */
  consent(ctx: Context, interaction: Interaction, answer: ConsentAnswer): Promise<void>
  /** Goes on as who is signed in (account chooser). */
  continueWith(ctx: Context, interaction: Interaction): Promise<void>
  /** Sends the client an error of the protocol. */
  refuse(ctx: Context, interaction: Interaction, error: string, description?: string): Promise<void>
}

export interface InteractionDeps extends Pick<OidcDependencies, 'audit' | 'clients' | 'config' | 'consents'> {
  readonly current: () => Provider
  readonly currentSession: (ctx: Context) => Promise<CurrentSession | undefined>
  readonly subjectOf: SubjectOf
}

export function createInteractions(deps: InteractionDeps): Interactions {
  const { audit, clients, config, consents, current, currentSession } = deps

  async function stored(ctx: Context, uid: string): Promise<StoredInteraction | undefined> {
    const provider = current()
    const cookie = ctx.cookies.get(provider.cookieName('interaction'), { signed: false })
    // The cookie is what binds it to the browser; its path keeps two tabs apart.
    return cookie === uid ? provider.Interaction.find<StoredInteraction>(uid) : undefined
  }

  async function finish(
    ctx: Context,
    interaction: StoredInteraction,
    result: InteractionResults,
  ): Promise<void> {
    interaction.result = 'error' in result ? result : { ...interaction.lastSubmission, ...result }
    await interaction.persist()
    ctx.status = 303
    ctx.set({ Location: interaction.returnTo, 'Cache-Control': 'no-store' })
    ctx.body = ''
  }

  async function demand(ctx: Context, { uid }: Interaction): Promise<StoredInteraction> {
    const found = await stored(ctx, uid)
    if (found === undefined) throw new Problem('interaction-lost')
    return found
  }

  /** The identity that the hints name, where that can be told: a pairwise subject is known only from the person who is signed in. */
  async function hinted(params: Params, client: Client, session: CurrentSession | undefined) {
    const [subject] = insistedSubjects(params)
    if (subject === undefined) return undefined
    if (client.metadata.subject_type !== 'pairwise') return subject
    const built = await current().Client.find(client.id)
    const same = built && session && deps.subjectOf(session.identityId, built) === subject
    return same ? session.identityId : undefined
  }

  return {
    async find(ctx, uid) {
      const found = await stored(ctx, uid)
      if (found === undefined) return undefined
      const { params, prompt } = found
      const client = await clients.find(String(params.client_id))
      if (client === undefined || client.state !== 'enabled') return undefined
      const session = await currentSession(ctx)
      // Whoever was asked to consent is not signed in any more: nobody else may answer.
      if (prompt.name !== 'login' && found.session?.uid !== session?.uid) return undefined
      const redirectUri = String(params.redirect_uri)
      return {
        uid,
        prompt: prompt.name as Interaction['prompt'],
        reasons: prompt.reasons,
        client,
        requirement: requirementOf(params, await hinted(params, client, session), config.acr),
        ...(session === undefined ? {} : { session }),
        languages: typeof params.ui_locales === 'string' ? params.ui_locales.split(' ') : [],
        sendsTo: destination(redirectUri),
        redirectUri,
        ...(found.result === undefined ? {} : { resumeAt: found.returnTo }),
        asked: askedIn(
          params,
          client,
          session && (await consents.get(session.identityId, client.id)),
          config.resources,
        ),
      }
    },

    async login(ctx, interaction, result, { remember }) {
      const found = await demand(ctx, interaction)
      // This sign-in decides who is signed in, not the session that was there before: see `settleAccount`.
      Object.assign(found, { session: undefined })
      await finish(ctx, found, {
        login: {
          accountId: result.identityId,
          acr: result.acr,
          amr: [...result.amr],
          ts: Math.floor(result.authTime / 1000),
          remember,
          process: result.process,
          credentials: [...result.credentials],
          ...(result.factors === undefined ? {} : { factors: [...result.factors] }),
        },
        // Signing in is a choice of account too.
        select_account: {},
      })
    },

    async consent(ctx, interaction, answer) {
      const found = await demand(ctx, interaction)
      const session = await currentSession(ctx)
      if (session === undefined || session.uid !== found.session?.uid) throw new Problem('interaction-lost')
      const decision = decisionOn(interaction.asked, answer)
      await consents.allow(
        session.identityId,
        interaction.client.id,
        decision,
        personIn(ctx, session.identityId),
        ctx.state.language,
      )
      await finish(ctx, found, { consent: {} })
    },

    async continueWith(ctx, interaction) {
      await finish(ctx, await demand(ctx, interaction), { select_account: {} })
    },

    async refuse(ctx, interaction, error, description) {
      const found = await demand(ctx, interaction)
      if (interaction.prompt === 'consent') await recordRefusal(ctx, interaction)
      await finish(ctx, found, {
        error,
        ...(description === undefined ? {} : { error_description: description }),
      })
    },
  }

  async function recordRefusal(ctx: Context, interaction: Interaction): Promise<void> {
    const { client, session } = interaction
    await audit.record({
      action: 'consent.refused',
      result: 'success',
      actor: personIn(ctx, session?.identityId),
      clientId: client.id,
      ...(session === undefined ? {} : { identityId: session.identityId, sessionId: session.uid }),
    })
  }
}

function destination(redirectUri: string): string {
  const url = URL.parse(redirectUri)
  if (url === null) return redirectUri
  return url.host === '' ? url.protocol.slice(0, -1) : url.host
}
