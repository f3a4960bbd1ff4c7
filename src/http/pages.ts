/** Owns the pages that the protocol endpoints show: sign-out, errors, form_post. They are built before any service exists. */
import type { Context } from 'koa'
import { type ProblemCode, problems } from '../domain/problem.ts'
import type { Pages } from '../oidc/pages.ts'
import { applicationOf, formSources, sourcesOf } from './application.ts'
import type { WebContext } from './context.ts'
import { renderLost } from './interaction/lost.ts'
import { renderProblem } from './middleware/errors.ts'
import type { Web } from './web.ts'

export function createPages(web: Web): Pages {
  const { render, words, settings } = web
  const brand = settings.brand.name
  const translate = (ctx: WebContext) => words.translate(ctx.state.language)

  return {
    signOut(context, { action, xsrf, client, clientAsked }) {
      const ctx = pageContext(context)
      const t = translate(ctx)
      const application = client === undefined || !clientAsked ? undefined : applicationOf(client).name
      const text =
        application === undefined
          ? t('sign-out.text', { brand })
          : t('sign-out.text-application', { brand, application })
      render(ctx, {
        view: 'interaction/sign-out',
        title: t('sign-out.title'),
        values: { action, xsrf, text },
        ...(client === undefined ? {} : { sources: sourcesOf(client) }),
      })
    },

    signedOut(context, { client, signedIn }) {
      const ctx = pageContext(context)
      const t = translate(ctx)
      const application = client === undefined ? undefined : applicationOf(client)
      const words = signedIn ? 'stayed' : 'signed-out'
      const link =
        application?.home === undefined
          ? { href: '/account', text: t(`${words}.account`) }
          : { href: application.home, text: t('signed-out.back', { application: application.name }) }
      render(ctx, {
        view: 'interaction/signed-out',
        title: t(`${words}.title`),
        values: {
          heading: t(`${words}.heading`),
          text: t(`${words}.text`, { brand }),
          icon: signedIn ? 'user' : 'check',
          link,
        },
      })
    },

    error(context, { error, error_description: description, status, client }) {
      const ctx = pageContext(context)
      if (error === 'interaction-lost') return renderLost(web, ctx, client)
      if (error in problems)
        return renderProblem(web, ctx, {
          code: error as ProblemCode,
          status,
          retryAfter: status === 503 ? 5 : undefined,
        })
      const t = translate(ctx)
      const words = `error.protocol.${error in protocolErrors ? error : 'other'}`
      render(ctx, {
        view: 'error',
        title: t(`${words}.heading`),
        status,
        values: {
          heading: t(`${words}.heading`),
          text: t(`${words}.text`, { brand }),
          advice: t(`${words}.advice`),
          details: description === undefined ? error : `${error}: ${description}`,
          again: undefined,
        },
      })
    },

    formPost(context, { action, fields, client }) {
      const ctx = pageContext(context)
      const t = translate(ctx)
      const application = client === undefined ? new URL(action).host : applicationOf(client).name
      render(ctx, {
        view: 'interaction/form-post',
        title: t('form-post.title'),
        values: {
          action,
          fields: Object.entries(fields),
          heading: t('form-post.heading', { application }),
          scripts: ['send-form.js'],
        },
        sources: { forms: formSources([action]) },
      })
    },
  }
}

/** The protocol errors that have words of their own; the rest share the general ones. */
const protocolErrors = { invalid_client: true, invalid_redirect_uri: true }

// The same object that the front made: its state was set before any protocol endpoint was reached.
function pageContext(ctx: Context): WebContext {
  return ctx as unknown as WebContext
}
