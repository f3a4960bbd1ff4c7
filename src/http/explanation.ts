import type { AuditEvent } from '../domain/audit-event.ts'
import type { Translate } from './language.ts'

/**
 * Why a sign-in went as it did, a sentence each, from what its audit entry says (`Because` of its last step). Nothing where nobody asked for
 * anything but what everyone must reach.
 */
export function explain(details: AuditEvent['details'], t: Translate): string[] {
  const { rules, demanded, counted, excused, postponedUntil } = details ?? {}
  const say = (key: string, values?: Record<string, string>) => t(`account:because.${key}`, values)
  const names = (list: readonly string[]) => list.join(', ')
  return [
    ...(Array.isArray(rules)
      ? [say('asked', { level: say(`levels.${demanded}`), rules: names(rules) })]
      : []),
    ...(Array.isArray(counted)
      ? [say('counted', { factors: names(counted.map((factor) => t(`factors:${factor}.name`))) })]
      : []),
    ...(excused === true ? [say('excused')] : []),
    ...(postponedUntil === undefined ? [] : [say('postponed')]),
  ]
}
