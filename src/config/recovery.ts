import { duration } from './values.ts'

/** `recovery`: how long each part of a way back in takes. */
export const recoveries = {
  process_lifetime: duration({ min: '10m', max: '7d' }),
  delay: duration({ min: '1m', max: '30d' }),
  strong_delay: duration({ min: '1m', max: '30d' }),
  grant_lifetime: duration({ min: '1h', max: '30d' }),
}
