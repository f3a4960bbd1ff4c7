import bowser from 'bowser'
import type { Translate } from './language.ts'

export interface DeviceShown {
  /** `Firefox on Windows`; what kind of thing it is when that is not known. */
  readonly name: string
  readonly icon: 'phone' | 'device'
}

const knownBrowsers: ReadonlySet<string> = new Set(Object.values(bowser.BROWSER_MAP))

/** What a User-Agent header says in a few words. Its free text is never repeated: whoever sends a request chooses it. */
export function deviceShown(userAgent: string | undefined, t: Translate): DeviceShown {
  if (userAgent === undefined || userAgent.trim() === '')
    return { name: t('account:device.unknown'), icon: 'device' }
  const { browser, os, platform } = bowser.parse(userAgent)
  const icon = platform.type === 'mobile' || platform.type === 'tablet' ? 'phone' : 'device'
  // Of a browser that it does not know the parser repeats what stands before a slash.
  if (browser.name === undefined || !knownBrowsers.has(browser.name))
    return { name: os.name ?? t('account:device.unknown'), icon }
  const name =
    os.name === undefined ? browser.name : t('account:device.on', { browser: browser.name, os: os.name })
  return { name, icon }
}
