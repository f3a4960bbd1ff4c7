// What the house makes of the configuration before it builds: what follows from two settings, or from a setting and what is there.
import type { Config } from '../config.ts'
import { day, minute } from '../domain/time.ts'
import { deletionKind } from '../identities/deletion/jobs.ts'
import { exportKind } from '../identities/export/index.ts'
import { jobKinds } from '../messaging/index.ts'
import { noticeKind, webPushKind, webPushLimits } from '../messaging/web-push.ts'
import { logoutKind } from '../oidc/backchannel.ts'
import { caseJobs } from '../recovery/cases/moves.ts'
import { recoveryKind } from '../recovery/recoveries/moves.ts'

/** Where development's demo application is; `localhost`, so that browsers treat it as an origin of its own beside the issuer. */
export function demoUrl(config: Config): string {
  return `http://localhost:${config.demo.port}`
}

function demoApi(config: Config) {
  return {
    [`${demoUrl(config)}/api`]: {
      name: 'Orchard API',
      scopes: ['demo:read'],
      access_token_format: 'jwt' as const,
    },
  }
}

/** With the API of the demo application, where there is one. */
export function resourcesOf(config: Config): Config['resources'] {
  return config.demo.enabled ? { ...demoApi(config), ...config.resources } : config.resources
}

/** The demo application is told about sign-outs on loopback, which is otherwise never fetched from. */
export function outboundSettings(config: Config): Config['outbound'] {
  return config.demo.enabled
    ? { ...config.outbound, allow: [...config.outbound.allow, 'localhost'] }
    : config.outbound
}

/** Without somebody who carries its messages a factor cannot be offered. */
export function carried(factors: Config['factors'], carriers: { readonly sms?: unknown }): Config['factors'] {
  const { sms_code } = factors
  return { ...factors, sms_code: { ...sms_code, enabled: sms_code.enabled && carriers.sms !== undefined } }
}

function mostCases({ per_day, lifetime }: Config['recovery']['cases']): number {
  // Those of known devices are counted apart.
  return Math.max(1_000, 2 * per_day * Math.ceil(lifetime / day))
}

/** How much may wait, by kind of job. */
export function queueLimits(config: Config) {
  // As the messenger's own `inOrder`.
  const inOrder = config.inbox ? { atOnce: 1 } : {}
  return {
    [jobKinds.email]: { queue: config.mail.queue, ...inOrder },
    [jobKinds.sms]: { queue: config.sms.queue, ...inOrder },
    [webPushKind]: { queue: config.factors.push.queue, ...webPushLimits },
    [noticeKind]: { queue: config.factors.push.queue, atOnce: 20 },
    // Given up would mean never: it is tried for weeks.
    [deletionKind]: { queue: 100_000, tries: 1_000 },
    [recoveryKind]: { queue: 100_000, tries: 1_000 },
    // As many as all cases have that may be open; telling is tried for weeks.
    [caseJobs]: { queue: 4 * mostCases(config.recovery.cases), tries: 1_000 },
    // Of somebody with a million lines of activity.
    [exportKind]: { queue: 10_000, tries: 5, atOnce: 2, workLimit: 15 * minute },
    [logoutKind]: { queue: config.backchannel_logout.queue },
  }
}
