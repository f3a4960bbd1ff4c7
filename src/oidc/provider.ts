import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request } from 'koa'
import { type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { applyBackchannelLogout } from './backchannel.ts'
import { applyClients, clientOf } from './clients.ts'
import { configurationOf, type Parts } from './configuration.ts'
import type { OidcDependencies } from './dependencies.ts'
import { applyEvents } from './events.ts'
import { asContext } from './logout.ts'
import type { Pages } from './pages.ts'
import { applySignIn } from './sign-in.ts'

/** What outlives one provider and is handed to the next. */
export interface Lasting {
  /** See `applyClients`. */
  readonly sectors: Set<string>
}

/**
 * One instance of the library, with everything of ours on it. It is rebuilt when the keys change; requests in flight end on the one they
 * began with.
 */
export function createProvider(deps: OidcDependencies, parts: Parts, lasting: Lasting): Provider {
  const Signet = classFor(deps.config.issuer, deps.pages)
  const provider = new Signet(deps.config.issuer, configurationOf(deps, parts))
  applyClients(provider, deps.clients, lasting.sectors)
  applyBackchannelLogout(provider, deps)
  applySignIn(provider, deps.clock)
  applyAnswers(provider)
  applyEvents(provider, deps)
  return provider
}

function classFor(issuer: string, pages: Pages): typeof Provider {
  const pin = createPin(issuer)
  return class extends Provider {
    override registerResponseMode(
      name: string,
      handler: Parameters<Provider['registerResponseMode']>[1],
    ): void {
      super.registerResponseMode(name, name === 'form_post' ? formPost(pages) : handler)
    }

    override createContext(request: IncomingMessage, response: ServerResponse) {
      const ctx = super.createContext(request, response)
      pin(ctx.request)
      return ctx
    }
  } as typeof Provider
}

/**
 * Every URL that the library makes comes from the issuer, whatever the request says about its host, and cookies are Secure when the issuer
 * is: behind a proxy that ends TLS, on another host and port.
 */
export function createPin(issuer: string): (request: Request) => void {
  const { protocol, host } = new URL(issuer)
  const pinned: PropertyDescriptorMap = {
    protocol: { value: protocol.slice(0, -1), configurable: true },
    host: { value: host, configurable: true },
    href: {
      get(this: Request) {
        return issuer + this.url
      },
      configurable: true,
    },
  }
  return (request) => {
    Object.defineProperties(request, pinned)
  }
}

/** The library's own page holds an inline script. */
function formPost(pages: Pages) {
  return async (ctx: KoaContextWithOIDC, action: string, payload: Record<string, unknown>): Promise<void> => {
    const fields = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, String(value)]))
    const client = clientOf(ctx.oidc.client)
    ctx.status = 'error' in fields ? 400 : 200
    await pages.formPost(asContext(ctx), { action, fields, ...(client === undefined ? {} : { client }) })
  }
}

const params = Symbol('params')

/** The sign-out form answers `logout=yes|no`, while to the library any value means yes. */
function applyAnswers(provider: Provider): void {
  const { OIDCContext } = provider as unknown as { OIDCContext: { prototype: object } }
  Object.defineProperty(OIDCContext.prototype, 'params', {
    get(this: { [params]?: unknown }) {
      return this[params]
    },
    set(this: { [params]?: unknown; route: string }, given: { logout?: unknown }) {
      if (this.route === 'end_session_confirm' && given.logout !== 'yes') given.logout = undefined
      this[params] = given
    },
  })
}
