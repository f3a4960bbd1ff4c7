/** Owns the inbox of development mode: every mail and SMS that was caught, for people and for tests. Elsewhere it does not exist. */
import { Problem } from '../domain/problem.ts'
import { second } from '../domain/time.ts'
import type { CaughtMessage, InboxQuery, InboxReader } from '../ports/inbox.ts'
import { queryValue, type WebContext } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { contentSecurityPolicy } from './middleware/security-headers.ts'
import { momentOf } from './moments.ts'
import { get, type Route } from './routes.ts'
import type { Web } from './web.ts'

const shown = 50

/** Its route table; empty where nothing is caught. */
export function inboxRoutes({ inbox, web }: AppDependencies): readonly Route[] {
  if (inbox === undefined) return []
  return [
    get('/inbox', {}, (ctx) => list(inbox, web, ctx)),
    get('/inbox/messages', { json: true }, (ctx) => asJson(inbox, ctx)),
    get('/inbox/messages/:id', {}, (ctx) => asMail(inbox, ctx)),
  ]
}

async function list(inbox: InboxReader, web: Web, ctx: WebContext): Promise<void> {
  const t = web.words.translate(ctx.state.language)
  const to = queryValue(ctx, 'to')?.trim() || undefined
  const caught = await inbox.messages(to === undefined ? {} : { to })
  const origin = new URL(web.settings.issuer).origin
  web.render(ctx, {
    view: 'inbox/list',
    layout: 'layout-wide',
    title: t('inbox:title'),
    values: {
      styles: ['portal.css'],
      scripts: ['local-time.js', 'inbox.js'],
      home: '/inbox',
      area: t('inbox:area', { brand: web.settings.brand.name }),
      to,
      newest: caught[0]?.id,
      messages: caught.slice(0, shown).map((message) => messageShown(message, ctx.state.language, origin)),
      more: Math.max(0, caught.length - shown),
    },
  })
  // The framed mails are pages of ours too, without any right of their own.
  ctx.set('Content-Security-Policy', `${contentSecurityPolicy()}; frame-src 'self'`)
}

/** Our own links lead there with a click; any other is shown as text. */
function messageShown(message: CaughtMessage, language: string, origin: string) {
  const own = message.links.filter((link) => URL.parse(link)?.origin === origin)
  return {
    ...message,
    at: momentOf(message.at, language),
    links: own,
    frame: `/inbox/messages/${encodeURIComponent(message.id)}`,
  }
}

/** `?to=&channel=&after=&wait=`: what tests and tools read. */
async function asJson(inbox: InboxReader, ctx: WebContext): Promise<void> {
  const gone = new AbortController()
  ctx.req.once('close', () => gone.abort())
  const caught = await inbox.messages({ ...queryOf(ctx), signal: gone.signal })
  ctx.set('Cache-Control', 'no-store')
  ctx.body = caught.map(({ id, channel, to, subject, text, html, links, codes, at }) => ({
    id,
    channel,
    to,
    subject,
    text,
    html,
    links,
    codes,
    at: new Date(at).toISOString(),
  }))
}

function queryOf(ctx: WebContext): InboxQuery {
  const [to, after] = [queryValue(ctx, 'to'), queryValue(ctx, 'after')]
  const channel = queryValue(ctx, 'channel')
  const wait = Number(queryValue(ctx, 'wait') ?? 0)
  if (!(wait >= 0)) throw new Problem('bad-request')
  if (channel !== undefined && channel !== '' && channel !== 'email' && channel !== 'sms')
    throw new Problem('bad-request')
  return {
    ...(to === undefined || to === '' ? {} : { to }),
    ...(after === undefined || after === '' ? {} : { after }),
    ...(channel === undefined || channel === '' ? {} : { channel }),
    waitMs: Math.min(wait, 30) * second,
  }
}

/** The mail as a mail program would show it: sandboxed, without scripts, forms, or anything from elsewhere; its links open outside of the frame. */
async function asMail(inbox: InboxReader, ctx: WebContext): Promise<void> {
  const caught = await inbox.messages({})
  const message = caught.find(({ id }) => id === ctx.params.id)
  if (message === undefined || message.html === '') throw new Problem('not-found')
  ctx.set({
    'Content-Security-Policy':
      "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
    'X-Frame-Options': 'SAMEORIGIN',
    'Cache-Control': 'no-store',
  })
  ctx.type = 'html'
  ctx.body = message.html.replace(/<head[^>]*>/i, (head) => `${head}<base target="_top">`)
}
