/**
 * Owns what a person should look at first: a short list on the home page of the portal. Each source looks for one kind of thing and says nothing
 * where there is nothing to do; they stand in the order of their urgency.
 */
import type { AppDependencies } from '../dependencies.ts'
import { aboutWords } from '../enrolment-words.ts'
import { momentsOf } from '../moments.ts'
import type { SignedIn } from '../session.ts'
import { helplessLoss } from './health.ts'
import { askedToVouch } from './vouching.ts'

export interface Attention {
  /** Of views/assets/icons.svg. */
  readonly icon: string
  /** One sentence: what it is, in the person's language. */
  readonly text: string
  /** Where something can be done about it … */
  readonly href: string
  /** … and what, in a word or three. */
  readonly action: string
}

/** Answers nothing where all is well. */
export type AttentionSource = (deps: AppDependencies, page: SignedIn) => Promise<readonly Attention[]>

/** To add one: a function with this signature, beside the pages that it leads to, and its line here. */
const sources: readonly AttentionSource[] = [
  openCases,
  askedToVouch,
  unprovedAddress,
  runningOut,
  helplessLoss,
  onlyWay,
]

/** The whole list; asked for at once, answered in order. */
export async function attentionFor(deps: AppDependencies, page: SignedIn): Promise<readonly Attention[]> {
  return (await Promise.all(sources.map((source) => source(deps, page)))).flat()
}

/** Somebody, who is signed in here, is said to have no way left to sign in. */
async function openCases({ cases, web }: AppDependencies, page: SignedIn) {
  const t = web.words.translate(page.ctx.state.language)
  return (await cases.about(page.identity.id)).map(({ openedAt }) => ({
    icon: 'alert',
    text: t('account:attention.case', { at: momentsOf(page)(openedAt).text }),
    href: '/account/activity?topic=recovery',
    action: t('account:attention.look'),
  }))
}

/** Messages and ways back in go to addresses that are proved. */
async function unprovedAddress({ addresses, web }: AppDependencies, { ctx, identity }: SignedIn) {
  const t = web.words.translate(ctx.state.language)
  return identity.identifiers
    .filter(({ verifiedAt }) => verifiedAt === undefined)
    .filter(({ kind }) => addresses.kinds.some((known) => known === kind))
    .map(({ kind, written }) => ({
      icon: 'mail',
      text: t('account:attention.unproved.text', { address: written }),
      href: `/account/profile/${kind}`,
      action: t('account:attention.unproved.action'),
    }))
}

/** What a factor warns of about one of its credentials: few codes left, nobody to wake. */
async function runningOut({ enrolments, web }: AppDependencies, { ctx, identity }: SignedIn) {
  const { language } = ctx.state
  const t = web.words.translate(language)
  return (await enrolments.list(identity.id)).flatMap((listed) => {
    const about = aboutWords(web, language, listed)
    if (about?.warning === undefined) return []
    const name = t(`factors:${listed.factor}.name`)
    return {
      icon: 'alert',
      text: t('account:attention.warning', { name, about: about.text, advice: about.warning }),
      href: `/account/security/${encodeURIComponent(listed.factor)}`,
      action: t('account:attention.look'),
    }
  })
}

async function onlyWay({ enrolments, web }: AppDependencies, { ctx, identity }: SignedIn) {
  const ways = await enrolments.list(identity.id)
  if (ways.length > 1) return []
  const t = web.words.translate(ctx.state.language)
  return [
    {
      icon: 'shield',
      text: t(`account:attention.ways.${ways.length === 0 ? 'none' : 'one'}`),
      href: '/account/security',
      action: t('account:attention.ways.action'),
    },
  ]
}
