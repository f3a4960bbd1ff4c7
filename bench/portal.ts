/** P12: the pages of the portal, for somebody of whom there is much to show beside somebody of whom there is little. */
import { type Browser, createBrowser } from './browser.ts'
import type { Fixture } from './fixture.ts'
import { createHttp } from './http.ts'
import { measure, medianOf, type Operation, quantile, type Sample } from './load.ts'
import type { Options } from './options.ts'
import { timeOnCore } from './processes.ts'
import type { Server } from './servers.ts'

/** Beside waiting times the time on the core, which is what a page takes of one that is its own. */
export interface PageSample extends Sample {
  readonly onCore: { readonly p50: number; readonly p95: number }
}

export interface PortalPage {
  readonly title: string
  readonly much: PageSample
  readonly little: PageSample
}

/** By what leads there from a page before, where it is not always the same address. */
const pages: readonly { readonly title: string; readonly path: string; readonly follow?: RegExp }[] = [
  { title: 'Home', path: '/account' },
  { title: 'Sessions', path: '/account/sessions' },
  { title: 'Sessions, the last page', path: '/account/sessions?page=99' },
  { title: 'Applications', path: '/account/applications' },
  {
    title: 'one application',
    path: '/account/applications',
    follow: /href="(\/account\/applications\/[^"/]+)"/,
  },
  { title: 'Activity', path: '/account/activity' },
  { title: 'Activity, one topic', path: '/account/activity?topic=applications&period=year' },
  { title: 'Activity, what failed', path: '/account/activity?failed=yes' },
  { title: 'an entry in question', path: '/account/activity', follow: /href="(\/account\/activity\/[^"]+)"/ },
  { title: 'Check your account', path: '/account/check' },
]

/** One page at a time, as one person reads; each page of both people in turn. */
export async function measurePortal(
  server: Server,
  fixture: Fixture,
  people: { readonly much: string; readonly little: string },
  { rounds, seconds }: Options,
): Promise<readonly PortalPage[]> {
  const http = createHttp(server.origin, { connections: 1 })
  const browsers = {
    much: await signedIn(createBrowser(http, server.origin), people.much, fixture.password),
    little: await signedIn(createBrowser(http, server.origin), people.little, fixture.password),
  }
  const results: PortalPage[] = []
  for (const page of pages) {
    const samples = { much: [] as Sample[], little: [] as Sample[] }
    const taken = { much: [] as number[], little: [] as number[] }
    const timed = (open: Operation, times: number[]) => async () => {
      const before = timeOnCore(server.pid)
      await open()
      times.push(timeOnCore(server.pid) - before)
    }
    for (let round = 0; round <= rounds; round++)
      for (const who of ['much', 'little'] as const) {
        const times: number[] = []
        const sample = await measure(server.pid, [timed(await opening(browsers[who], page), times)], seconds)
        // The first one filled caches.
        if (round === 0) continue
        samples[who].push(sample)
        taken[who].push(...times)
      }
    const summed = (who: 'much' | 'little') => {
      const times = taken[who].sort((one, other) => one - other)
      return { ...medianOf(samples[who]), onCore: { p50: quantile(times, 0.5), p95: quantile(times, 0.95) } }
    }
    results.push({ title: page.title, much: summed('much'), little: summed('little') })
  }
  await http.close()
  return results
}

async function opening(browser: Browser, { path, follow }: (typeof pages)[number]) {
  const at = follow === undefined ? path : (follow.exec((await browser.fetch(path)).text)?.[1] ?? '')
  return async () => {
    const { status, text } = await browser.fetch(at)
    if (status !== 200) throw new Error(`${at} answered ${status}: ${text.slice(0, 300)}`)
  }
}

async function signedIn(browser: Browser, identifier: string, password: string): Promise<Browser> {
  let page = await browser.visit('/account')
  for (let steps = 0; /name="(?:identifier|password)"/.test(page.text) && steps < 4; steps++)
    page = await browser.submit(page, { identifier, password })
  if (!page.text.includes('/account/activity')) throw new Error(`not signed in: ${page.text.slice(0, 300)}`)
  return browser
}
