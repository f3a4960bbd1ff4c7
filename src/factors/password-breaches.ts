import { createHash } from 'node:crypto'
import type { Duration } from '../domain/time.ts'
import type { Logger } from '../ports/logger.ts'
import type { GuardedFetch } from '../ports/outbound.ts'

export interface BreachCheckSettings {
  /** A range service: the first five digits of the SHA-1 are appended; null turns the check off. */
  readonly url: string | null
  readonly timeout: Duration
}

export interface BreachCheckTools {
  readonly fetch: GuardedFetch
  readonly log: Logger
  readonly settings: BreachCheckSettings
}

const prefixLength = 5

/**
 * Whether a password is in a collection of leaked ones, by k-anonymity: the service sees five hexadecimal digits and answers every
 * suffix that it knows, `SUFFIX:COUNT` a line (0 is padding). False when it cannot be asked: somebody else's outage stops nobody here.
 */
export function createBreachCheck({ fetch, log, settings }: BreachCheckTools) {
  return async (password: string): Promise<boolean> => {
    const { url, timeout } = settings
    if (url === null) return false
    // SHA-1 is what the protocol speaks; it protects nothing here.
    const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
    const [prefix, suffix] = [digest.slice(0, prefixLength), digest.slice(prefixLength)]
    try {
      const signal = AbortSignal.timeout(timeout)
      const answer = await fetch(url + prefix, { headers: { 'Add-Padding': 'true' }, signal })
      if (!answer.ok) throw new Error(`the range service answered ${answer.status}`)
      return isListed(await answer.text(), suffix)
    } catch (error) {
      log.warn({ err: error }, 'the breach check could not be made; the password was accepted without it')
      return false
    }
  }
}

function isListed(text: string, suffix: string): boolean {
  return text.split('\n').some((line) => {
    const [listed, count] = line.trim().split(':')
    return listed?.toUpperCase() === suffix && Number(count) > 0
  })
}
