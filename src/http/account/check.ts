import type { AppDependencies } from '../dependencies.ts'
import type { SignedInHandler } from '../session.ts'
import type { Portal } from './portal.ts'
import { trustedDevicesPath } from './trusted-devices.ts'

/** For whoever fears that somebody else was in their account: everything that keeps somebody in, in the order in which to look at it. */
export function createCheckPage(deps: AppDependencies, portal: Portal): SignedInHandler {
  const { consents, enrolments, oidc, trustedDevices, web } = deps

  return async (page) => {
    const { identity, ctx } = page
    const t = web.words.translate(ctx.state.language)
    const [ways, sessions, allowed, trusted] = await Promise.all([
      enrolments.list(identity.id),
      oidc.sessions.list(identity.id),
      consents.list(identity.id),
      trustedDevices.list(identity.id),
    ])
    const step = (name: string, icon: string, href: string, count: number) => ({
      icon,
      href,
      title: t(`account:check.${name}.title`),
      text: t(`account:check.${name}.text`, { count }),
      action: t(`account:check.${name}.action`),
    })
    portal(page, {
      view: 'check',
      place: 'security',
      title: t('account:check.title'),
      values: {
        steps: [
          step('sessions', 'device', '/account/sessions', sessions.length),
          step('ways', 'lock', '/account/security', ways.length),
          ...(trustedDevices.settings.enabled
            ? [step('trusted', 'shield', trustedDevicesPath, trusted.length)]
            : []),
          step('applications', 'app', '/account/applications', allowed.length),
          step('addresses', 'mail', '/account/profile', identity.identifiers.length),
          step('activity', 'list', '/account/activity', 0),
        ],
      },
    })
  }
}
