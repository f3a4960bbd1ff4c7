import { z } from 'zod'
import { duration, flag, size, whole } from './values.ts'

/** `recovery.cases`: how much strangers can put before the reviewers, and how long it is kept. */
export const cases = z.strictObject(
  {
    enabled: flag,
    per_day: whole(1, 100_000),
    per_address_per_day: whole(1, 10_000),
    per_identifier_per_day: whole(1, 100),
    lifetime: duration({ min: '1d', max: '90d' }),
    // Reviews are made of people's papers: nobody needs them for long.
    retention: duration({ min: '1h', max: '90d' }),
    files: whole(0, 10),
    file_size: size({ min: '10kb', max: '20mb' }),
  },
  'a map of settings',
)
