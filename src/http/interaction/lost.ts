import { type Client, clientName } from '../../domain/client.ts'
import { Problem } from '../../domain/problem.ts'
import { startOf } from '../application.ts'
import type { WebContext } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Web } from '../web.ts'

/** For a sign-in that is over, expired, or another browser's. The last application of this browser is remembered, so that there is a way back to it. */
export async function lostPage(
  deps: Pick<AppDependencies, 'web' | 'clients'>,
  ctx: WebContext,
): Promise<void> {
  const remembered = deps.web.cookies.read(ctx, 'application')
  const client = remembered === undefined ? undefined : await deps.clients.find(decoded(remembered))
  renderLost(deps.web, ctx, client?.state === 'enabled' ? client : undefined)
}

/** The same page, for whoever knows the client already. */
export function renderLost(web: Web, ctx: WebContext, client: Client | undefined): void {
  const t = web.words.translate(ctx.state.language)
  const start = client === undefined ? undefined : startOf(client, web.settings.issuer)
  web.render(ctx, {
    view: 'error',
    title: t('lost.title'),
    status: new Problem('interaction-lost').status,
    values: {
      heading: t('lost.heading'),
      text: t('lost.text'),
      advice: t('lost.advice'),
      details: undefined,
      again:
        client === undefined || start === undefined
          ? { href: '/account', text: t('lost.account') }
          : { href: start, text: t('lost.again', { application: clientName(client) }) },
    },
  })
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}
