import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { PageSources } from '../middleware/security-headers.ts'
import type { UploadRules } from '../middleware/upload.ts'
import { actorOf, personShown, type SignedIn, type SignedInHandler } from '../session.ts'
import { noticeOf } from './notice.ts'
import type { Portal } from './portal.ts'

const types = ['image/png', 'image/jpeg', 'image/webp'] as const

/** For the route of `save`. */
export const pictureUpload: UploadRules = {
  fields: ['picture'],
  most: 1,
  maxBytes: 5 * 1024 * 1024,
  types,
}

const path = '/account/profile/picture'

/** Where the person's picture is shown from, and what a page that shows it may reach: an administrator may have named one that is kept elsewhere. */
export function pictureOf(
  { identity }: SignedIn,
  issuer: string,
): {
  readonly address: string | undefined
  readonly sources: PageSources
} {
  const address = identity.claims.picture
  const url = address === undefined ? null : URL.parse(address)
  if (url === null) return { address: undefined, sources: {} }
  return { address, sources: url.origin === new URL(issuer).origin ? {} : { images: [url.origin] } }
}

/** The picture that applications may show: sent, seen, taken away. */
export function createPicturePages(
  deps: AppDependencies,
  portal: Portal,
): Readonly<Record<'show' | 'save' | 'remove' | 'back', SignedInHandler>> {
  const { identities, pictures, settings, web } = deps

  function form(page: SignedIn, mistake?: string): void {
    const { ctx } = page
    const t = web.words.translate(ctx.state.language)
    const { address, sources } = pictureOf(page, settings.issuer)
    ctx.state.page = path
    portal(page, {
      view: 'picture',
      place: 'profile',
      title: t('profile:picture.title'),
      status: mistake === undefined ? 200 : 422,
      sources,
      values: {
        notice: noticeOf(ctx, t, 'profile', ['saved']),
        picture: address,
        initial: personShown(page).initial,
        accept: types.join(','),
        mistake: mistake === undefined ? undefined : t(`profile:picture.refused.${mistake}`),
      },
    })
  }

  return {
    show: (page) => form(page),

    async save(page) {
      const { files, refused } = page.ctx.state.uploads
      const [file] = files
      if (refused[0] !== undefined) return form(page, refused[0].reason)
      if (file === undefined) return form(page, 'none')
      const { type, bytes } = file
      // The rules of the route let nothing else through.
      const picture = { type: type as (typeof types)[number], bytes }
      const set = await pictures.set(page.identity.id, picture, actorOf(page))
      if (set.status === 'refused') return form(page, set.reason)
      seeOther(page.ctx, `${path}?done=saved`)
    },

    async remove(page) {
      await identities.update(page.identity.id, { claims: { picture: null } }, actorOf(page))
      seeOther(page.ctx, `${path}?done=saved`)
    },

    back: (page) => seeOther(page.ctx, path),
  }
}
