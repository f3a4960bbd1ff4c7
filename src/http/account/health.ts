import type { Outlook, WayBack } from '../../domain/recovery-health.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import { type Moment, momentsOf } from '../moments.ts'
import type { SignedIn } from '../session.ts'

/** What is said of one loss. */
export interface OutlookShown {
  /** Of views/assets/icons.svg. */
  readonly icon: string
  readonly title: string
  readonly text: string
  readonly good: boolean
}

/** The last fire drill. */
export interface DrillShown {
  readonly at: Moment
  readonly text: string
  readonly good: boolean
}

export interface HealthShown {
  readonly good: boolean
  readonly summary: string
  readonly outlooks: readonly OutlookShown[]
  /** The one thing that helps most. */
  readonly advice: { readonly text: string; readonly href: string; readonly action: string } | undefined
  readonly drill: DrillShown | undefined
}

const icons = { phone: 'phone', keys: 'key', devices: 'device', secret: 'lock', mailbox: 'mail' } as const

/** Recovery health in words. Undefined for whoever may not get back in. */
export async function healthShown(deps: AppDependencies, page: SignedIn): Promise<HealthShown | undefined> {
  const { authentication, web } = deps
  const { language } = page.ctx.state
  const t = web.words.translate(language)
  const [health, drill] = await Promise.all([authentication.health(page.identity.id), lastDrill(deps, page)])
  if (health === undefined) return undefined
  const helpless = health.outlooks.filter(({ back }) => back === undefined).length
  return {
    good: helpless === 0,
    summary: t(helpless === 0 ? 'security:health.good' : 'security:health.bad', { count: helpless }),
    outlooks: health.outlooks.map((outlook) => outlookShown(outlook, t, language)),
    advice: health.advice === undefined ? undefined : adviceShown(deps, health.advice, t),
    drill,
  }
}

function outlookShown({ loss, back }: Outlook, t: Translate, language: string): OutlookShown {
  return {
    icon: icons[loss],
    title: t(`security:health.loss.${loss}`),
    text: back === undefined ? t('security:health.nothing') : wayText(back, t, language),
    good: back !== undefined,
  }
}

function wayText({ by, factors }: WayBack, t: Translate, language: string): string {
  return t(`security:health.back.${by}`, { ways: waysInWords(factors, t, language) })
}

/** `Password and Backup codes`. */
export function waysInWords(factors: readonly string[], t: Translate, language: string): string {
  const names = factors.map((name) => t(`factors:${name}.name`))
  return new Intl.ListFormat(language, { type: 'conjunction' }).format(names)
}

function adviceShown({ factors }: AppDependencies, name: string, t: Translate) {
  const { page = name } = factors.find((one) => one.name === name) ?? {}
  const factor = t(`factors:${name}.name`)
  return { text: t('security:health.advice', { factor }), href: `/account/security/${page}`, action: factor }
}

/** So many entries about recoveries are looked at: a drill that is older than all of them is as good as none. */
const lookedAt = 50

/** How the last fire drill ended. */
export async function lastDrill(
  { audit, web }: AppDependencies,
  page: SignedIn,
): Promise<DrillShown | undefined> {
  const { ctx, identity } = page
  const { language } = ctx.state
  const t = web.words.translate(language)
  const { items } = await audit.story({ identityId: identity.id, topic: 'recovery', limit: lookedAt })
  const found = items.find(({ action }) => action === 'recovery.drilled')
  if (found === undefined) return undefined
  const factors = [found.details?.factors ?? []].flat().map(String)
  const good = found.result === 'success'
  const ways = waysInWords(factors, t, language)
  const key = good ? 'in' : factors.length === 0 ? 'nothing' : 'short'
  return { at: momentsOf(page)(found.at), good, text: t(`security:drill.result.${key}`, { ways }) }
}

/** A loss after which only people could let the person in again. */
export async function helplessLoss({ authentication, web }: AppDependencies, { ctx, identity }: SignedIn) {
  const health = await authentication.health(identity.id)
  const count = health?.outlooks.filter(({ back }) => back === undefined).length ?? 0
  if (count === 0) return []
  const t = web.words.translate(ctx.state.language)
  const [text, action] = [t('security:health.bad', { count }), t('security:health.look')]
  return [{ icon: 'lifebuoy', text, href: '/account/security', action }]
}
