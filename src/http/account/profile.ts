import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { momentOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { identifierShown } from './home.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

const fields = ['name', 'given_name', 'family_name', 'nickname'] as const
type Field = (typeof fields)[number]

const autocomplete: Record<Field, string> = {
  name: 'name',
  given_name: 'given-name',
  family_name: 'family-name',
  nickname: 'nickname',
}

/** What the person is called; what they sign in with is shown, and changed on pages of its own (identifiers.ts). */
export function createProfilePages(
  deps: AppDependencies,
  portal: Portal,
): { readonly show: SignedInHandler; readonly save: SignedInHandler } {
  const { identities, addresses, web } = deps

  function form(page: SignedIn, mistake?: string): void {
    const { ctx, identity } = page
    const t = web.words.translate(ctx.state.language)
    const typed: Readonly<Record<string, string>> = mistake === undefined ? {} : ctx.state.form
    ctx.state.page = '/account/profile'
    portal(page, {
      view: 'profile',
      place: 'profile',
      status: mistake === undefined ? 200 : 422,
      values: {
        notice: noticeOf(ctx, t, 'profile', ['saved', 'changed', 'removed']),
        fields: fields.map((name) => ({
          id: name,
          name,
          label: t(`account:profile.${name}`),
          autocomplete: autocomplete[name],
          value: typed[name] ?? identity.claims[name] ?? '',
          maxlength: 200,
          required: name === 'name',
          mistake: mistake === name ? t('account:profile.mistake') : undefined,
        })),
        identifiers: identity.identifiers.map((identifier) => identifierShown(identifier, t)),
        changes: addresses.kinds.map((kind) => {
          const has = identity.identifiers.some((one) => one.kind === kind)
          return {
            href: `/account/profile/${kind}`,
            text: t(`account:identifier.change.${kind}.${has ? 'edit' : 'add'}`),
          }
        }),
        groups: identity.groups,
        id: identity.id,
        since: momentOf(identity.createdAt, ctx.state.language),
      },
    })
  }

  return {
    show: (page) => form(page),
    async save(page) {
      const { ctx, identity } = page
      const typed = ctx.state.form
      // Field by field: nothing else that a form may hold is looked at (S38).
      const claims = Object.fromEntries(
        fields.flatMap((name) => (typed[name] === undefined ? [] : [[name, typed[name].trim() || null]])),
      )
      if (claims.name === null) return form(page, 'name')
      const updated = await identities.update(identity.id, { claims }, actorOf(page))
      if (updated.status === 'invalid') return form(page, updated.kind)
      seeOther(ctx, '/account/profile?done=saved')
    },
  }
}
