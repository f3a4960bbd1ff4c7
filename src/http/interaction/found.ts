import type { Client } from '../../domain/client.ts'
import { Problem } from '../../domain/problem.ts'
import type { Interaction } from '../../oidc/index.ts'
import { type Application, applicationOf, sourcesOf } from '../application.ts'
import { seeOther, type WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { languageOf } from '../language.ts'
import type { PageSources } from '../middleware/security-headers.ts'
import type { Handler } from '../routes.ts'
import { lostPage } from './lost.ts'

/** A living interaction of this browser, with what every page of it needs. */
export interface Found {
  readonly ctx: WebContext
  readonly interaction: Interaction
  readonly client: Client
  readonly application: Application
  readonly sources: PageSources
  /** Path that all of its addresses begin with. */
  readonly base: string
}

export type FoundHandler = (found: Found) => Promise<void> | void

/** Guards every interaction page: what is lost, expired or another browser's gets a page that says so and offers to start again. */
export function withInteraction(deps: AppDependencies) {
  const { oidc, web } = deps
  return (handle: FoundHandler): Handler =>
    async (ctx) => {
      const uid = ctx.params.uid ?? ''
      const interaction = await oidc.interactions.find(ctx as never, uid)
      if (interaction === undefined) return lostPage(deps, ctx)
      // Posted twice, or sent again from another tab: what was answered first counts.
      if (interaction.resumeAt !== undefined) return seeOther(ctx, interaction.resumeAt)
      const { client, languages } = interaction
      const base = `/interaction/${uid}`
      // After a POST the page lives at its GET address; the two registration pages have their own.
      ctx.state.page = ctx.path.startsWith(`${base}/register`) ? ctx.path : base
      ctx.state.language = languageOf(ctx, web.words, web.cookies, languages)
      rememberApplication(deps, ctx, client)
      const page = {
        ctx,
        interaction,
        client,
        application: applicationOf(client),
        sources: sourcesOf(client, interaction.redirectUri),
        base,
      }
      await orLost(deps, ctx, () => handle(page))
    }
}

/** For the page that says that a sign-in is over: it leads back to the last application. */
function rememberApplication({ web }: AppDependencies, ctx: WebContext, client: Client): void {
  const value = encodeURIComponent(client.id)
  if (web.cookies.read(ctx, 'application') !== value) web.cookies.write(ctx, 'application', value)
}

/** An interaction can go while its form is being answered: posted twice, or finished in another tab. */
async function orLost(
  deps: AppDependencies,
  ctx: WebContext,
  handle: () => Promise<void> | void,
): Promise<void> {
  try {
    await handle()
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'interaction-lost') throw error
    await lostPage(deps, ctx)
  }
}
