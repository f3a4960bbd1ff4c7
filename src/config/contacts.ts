import { z } from 'zod'
import { duration, flag, whole } from './values.ts'

/** `recovery.contacts`: how many of a person's friends vouch for them, and how long everything takes. */
export const contacts = z
  .strictObject(
    {
      enabled: flag,
      // One alone must never be able to.
      needed: whole(2, 10),
      least: whole(2, 10),
      most: whole(2, 10),
      waiting_time: duration({ max: '90d' }),
      invitation_lifetime: duration({ min: '1h', max: '60d' }),
      invitations_per_day: whole(1, 100),
      requests_per_day: whole(1, 100),
      request_lifetime: duration({ min: '10m', max: '7d' }),
    },
    'a map of settings',
  )
  .superRefine(({ needed, least, most }, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', message, path: [key] })
    if (needed > least) issue('needed', 'no more than `least`')
    if (least > most) issue('least', 'no more than `most`')
  })
