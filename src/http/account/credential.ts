import { Problem } from '../../domain/problem.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { type AboutShown, aboutWords } from '../enrolment-words.ts'
import { daysOf, type Moment, momentsOf } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { signedInVisit } from '../visit.ts'
import type { Web } from '../web.ts'
import type { Portal } from './portal.ts'

export interface CredentialPages {
  readonly show: SignedInHandler
  readonly rename: SignedInHandler
  readonly remove: SignedInHandler
  /** Where whoever had to sign in once more on the way to a removal comes back to. */
  readonly back: SignedInHandler
}

type Listed = Awaited<ReturnType<AppDependencies['enrolments']['list']>>[number]

/** How one credential is shown wherever it is listed. */
export interface CredentialShown {
  readonly href: string
  readonly label: string | undefined
  readonly about: AboutShown | undefined
  readonly since: Moment
  readonly used: Moment | undefined
  readonly needsCompanion: boolean
}

export function credentialShown(web: Pick<Web, 'words'>, listed: Listed, page: SignedIn): CredentialShown {
  const moment = momentsOf(page)
  const { id, factor, label, createdAt, lastUsedAt, needsCompanion } = listed
  return {
    href: pathOf(factor, id),
    label,
    about: aboutWords(web, page.ctx.state.language, listed),
    since: daysOf(page)(createdAt),
    used: lastUsedAt === undefined ? undefined : moment(lastUsedAt),
    needsCompanion: needsCompanion === true,
  }
}

/** One thing that the person enrolled, of whatever factor: what it is called, and its end. */
export function createCredentialPages(deps: AppDependencies, portal: Portal): CredentialPages {
  const { enrolments, factors, removeCredential, web } = deps

  async function credentialOf({ ctx, identity }: SignedIn): Promise<Listed> {
    const { factor, credential } = ctx.params
    const own = await enrolments.list(identity.id)
    const found = own.find((one) => one.id === credential && one.factor === factor)
    if (found === undefined) throw new Problem('not-found')
    return found
  }

  async function show(page: SignedIn, mistake: { label?: string; removal?: string } = {}): Promise<void> {
    const { ctx } = page
    const t = web.words.translate(ctx.state.language)
    const credential = await credentialOf(page)
    const { factor, id, label } = credential
    const name = t(`factors:${factor}.name`)
    ctx.state.page = pathOf(factor, id)
    const failed = mistake.label !== undefined || mistake.removal !== undefined
    portal(page, {
      view: 'credential',
      place: 'security',
      title: label ?? name,
      status: failed ? 422 : 200,
      values: {
        ...credentialShown(web, credential, page),
        heading: label ?? name,
        name,
        back: listPath(factor),
        label: mistake.label === undefined ? (label ?? '') : (ctx.state.form.label ?? ''),
        renames: factors.some((one) => one.name === factor && !one.single),
        mistake: mistake.label,
        removal: mistake.removal,
      },
    })
  }

  return {
    show: (page) => show(page),

    async rename(page) {
      const { ctx, identity } = page
      const { factor, id } = await credentialOf(page)
      const t = web.words.translate(ctx.state.language)
      const renamed = await enrolments.rename(identity.id, id, ctx.state.form.label ?? '', actorOf(page))
      if (renamed.status === 'renamed') return seeOther(ctx, `${listPath(factor)}?done=renamed`)
      await show(page, { label: t('account:security.credential.mistake') })
    },

    async remove(page) {
      const { ctx, identity } = page
      const { factor, id } = await credentialOf(page)
      const visit = signedInVisit(deps, page)
      const removed = await removeCredential(identity.id, id, visit, actorOf(page))
      if (removed.status === 'removed') return seeOther(ctx, `${listPath(factor)}?done=removed`)
      const t = web.words.translate(ctx.state.language)
      await show(page, { removal: t(`account:security.credential.refused.${removed.reason}`) })
    },

    back: ({ ctx }) => seeOther(ctx, pathOf(ctx.params.factor ?? '', ctx.params.credential ?? '')),
  }
}

function listPath(factor: string): string {
  return `/account/security/${encodeURIComponent(factor)}`
}

function pathOf(factor: string, id: string): string {
  return `${listPath(factor)}/${encodeURIComponent(id)}`
}
