// Owns OpenID Connect: everything that relying parties speak to, on oidc-provider, and the sessions that a sign-in becomes.
// Not here: how people prove who they are (authentication/), the pages (http/ implements `Pages` and answers through `interactions`),
// what people and applications are (identities/, clients/). The library's own pages, cookies, fetches and memory are replaced by ours.
import type { Context, Middleware } from 'koa'
import { Provider } from 'oidc-provider'
import type { SessionRegistry } from '../ports/session-registry.ts'
import { createAdapterFactory } from './adapter.ts'
import { createArtifacts } from './artifacts.ts'
import { handleBackchannelLogout } from './backchannel.ts'
import { type CurrentSession, createCurrentSession } from './current-session.ts'
import type { OidcDependencies } from './dependencies.ts'
import { createDisclosures } from './disclosures.ts'
import { prepareDocuments } from './discovery.ts'
import { createEndpoints, type Living } from './endpoints.ts'
import { createReuseListener, sessionEnded } from './events.ts'
import { createInteractions, type Interactions } from './interactions.ts'
import { createKeyRing, type KeyRing } from './keys.ts'
import { applyOneTime } from './one-time.ts'
import { createPostedRequests } from './posted-requests.ts'
import { createProvider } from './provider.ts'
import { rememberOpened } from './remembered.ts'
import { originOf, signInPlaceOf } from './request-origin.ts'
import { createSessionRegistry } from './session-registry.ts'
import { createSessionRows } from './session-rows.ts'
import { applySessions } from './sessions.ts'
import { createEndSession, createTeller } from './sign-out.ts'
import { createSubjects } from './token-policies.ts'

export type { CurrentSession } from './current-session.ts'
export type { OidcSettings } from './dependencies.ts'
export type { Interaction, Interactions } from './interactions.ts'
export type { KeyRing } from './keys.ts'
export { machinePaths } from './machine-paths.ts'
export type { Pages } from './pages.ts'

export interface Oidc {
  /** Hands the protocol's paths to the library, everything else to `next()`. */
  readonly handle: Middleware
  readonly interactions: Interactions
  readonly sessions: SessionRegistry
  readonly keys: KeyRing
  /** The living session of this browser, limits and identity checked; counts as use. */
  currentSession(ctx: Context): Promise<CurrentSession | undefined>
  /** Stops watching the keys. */
  close(): Promise<void>
}

/** Makes the missing keys, then answers. Any number of processes may run it on one store. */
export async function createOidc(deps: OidcDependencies): Promise<Oidc> {
  const { audit, clock, config, digest, identities, log, random, store, vault } = deps
  const shared = { store, vault: rememberOpened(vault), digest, clock, settings: config.lifetimes }
  const artifacts = createArtifacts(shared)
  const rows = createSessionRows(shared)
  const subjectOf = createSubjects(vault.mac)
  const keys = await createKeyRing({
    store,
    vault,
    clock,
    log,
    audit,
    settings: config.keys,
    lifetimes: config.lifetimes,
  })

  const tell = createTeller(() => living.provider)
  const sessions = createSessionRegistry({
    store,
    sessions: rows,
    artifacts,
    async onEnded(ended) {
      const { actor, ...event } = sessionEnded(ended)
      const origin = Provider.ctx === undefined ? {} : originOf(Provider.ctx as unknown as Context)
      await audit.record({ ...event, actor: { ...actor, ...origin } })
      await tell(ended)
    },
    onForgotten: tell,
  })

  const lasting = { sectors: new Set<string>() }
  const adapter = createAdapterFactory(shared)
  const endSession = createEndSession(() => sessions)
  const onReuse = createReuseListener(deps)

  const cookieName = () => living.provider.cookieName('session')
  const currentSession = createCurrentSession({ sessions: rows, identities, cookieName })

  async function build(): Promise<Living> {
    const provider = createProvider(
      deps,
      { adapter, jwks: keys.signingJwks(), endSession, subjectOf, currentSession },
      lasting,
    )
    applyOneTime(provider, { ...shared, artifacts, onReuse })
    applySessions(provider, {
      sessions: rows,
      artifacts,
      vault,
      placeOf: (ctx) => signInPlaceOf(ctx, digest),
    })
    return { provider, documents: await prepareDocuments(provider, keys.publicJwks()) }
  }

  // One generation per request: whoever began on the old keys ends on them.
  let living = await build()
  let newest = 0
  const unwatch = keys.onChange(() => {
    const mine = ++newest
    build().then(
      (next) => {
        if (mine === newest) living = next
      },
      (error: unknown) => log.error({ err: error }, 'the provider could not be rebuilt on the new keys'),
    )
  })
  handleBackchannelLogout(() => living.provider, deps)

  const posted = createPostedRequests({ store, vault, digest, clock, random })
  return {
    handle: createEndpoints({
      ...deps,
      current: () => living,
      posted,
      sessions: () => sessions,
      disclosed: createDisclosures(deps),
    }),
    interactions: createInteractions({ ...deps, current: () => living.provider, currentSession, subjectOf }),
    sessions,
    keys,
    currentSession,
    async close() {
      unwatch()
      keys.close()
    },
  }
}
