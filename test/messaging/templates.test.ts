import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Ended } from '../../src/domain/objection.ts'
import { createTemplates } from '../../src/messaging/templates.ts'
import { createPlaces, readDatabase } from '../../src/networks/places.ts'
import type { MessageTemplate } from '../../src/ports/messenger.ts'
import { mmdb, world } from '../support/mmdb.ts'
import { everything, message, templates } from './sample-message.ts'

const names = {
  'registration-code': true,
  'registration-existing': true,
  'contact-invitation': true,
  'contact-invited': true,
  'contact-accepted': true,
  'contact-declined': true,
  'contact-left': true,
  'contact-removed': true,
  'contact-asked': true,
  'contacts-asked': true,
  'contact-vouched': true,
  'contact-refused': true,
  'contact-doubted': true,
  invitation: true,
  'address-code': true,
  'address-taken': true,
  'identifier-changed': true,
  'export-ready': true,
  'deletion-planned': true,
  'deletion-reminder': true,
  'deletion-kept': true,
  'account-deleted': true,
  'recovery-link': true,
  'recovery-nothing': true,
  'case-opened': true,
  'case-received': true,
  'case-asked': true,
  'case-approved': true,
  'case-refused': true,
  'case-over': true,
  'backup-code-used': true,
  'credential-added': true,
  'credential-changed': true,
  'credential-removed': true,
  'credential-suspected': true,
  'device-trusted': true,
  guessing: true,
  'sign-in-disowned': true,
  'new-device': true,
  'new-place': true,
  'objection-raised': true,
  'recovery-started': true,
  'recovery-contested': true,
  'recovery-cancelled': true,
  'recovery-ready': true,
  'recovery-open': true,
  'recovery-finished': true,
  'token-reuse': true,
  'application-authorised': true,
  'application-extended': true,
  'factor-code': true,
  'factor-link': true,
} as const satisfies Record<MessageTemplate, true>

function keysOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, `${path}.${key}`))
}

function placeholders(language: string): string[] {
  const file = new URL(`../../views/locales/${language}/messages.json`, import.meta.url)
  const words: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const text = (path: string) =>
    path
      .split('.')
      .slice(1)
      .reduce((inner, key) => (inner as Record<string, unknown>)[key], words)
  return keysOf(words).map(
    (path) =>
      `${path} ${
        String(text(path))
          .match(/\{\{\w+\}\}/g)
          ?.toSorted() ?? ''
      }`,
  )
}

const endings: Record<Ended, true> = {
  'process-over': true,
  'session-ended': true,
  'device-forgotten': true,
  'credential-removed': true,
  'credential-kept': true,
  'client-ended': true,
  'links-void': true,
  'recovery-contested': true,
  'case-withdrawn': true,
  'case-doubted': true,
  'sessions-ended': true,
  'contact-removed': true,
  'vouching-refused': true,
  'vouching-doubted': true,
  'vouching-stopped': true,
  'account-kept': true,
  'export-removed': true,
  nothing: true,
}

test.each(['en', 'de'])('whatever “this wasn’t me” ended, the message about it says so in %s', (language) => {
  const told = (ended: string) =>
    templates.render(message({ template: 'objection-raised', language, values: { ended } })).text
  const unknown = told('none-of-them')
  for (const ended of Object.keys(endings)) expect(told(ended).length, ended).toBeGreaterThan(unknown.length)
  expect(unknown).toMatch(/this wasn't me|Das war ich nicht/)
})

test('after a way back in it is named what was set up', () => {
  const told = (language: string) =>
    templates.render(message({ template: 'recovery-finished', language })).text
  expect(told('en')).toContain('set up a new way to sign in: password.')
  expect(told('de')).toContain('einen neuen Weg zur Anmeldung eingerichtet: Passwort.')
})

describe.each(Object.keys(names) as MessageTemplate[])('the message %s', (template) => {
  test.each(['en', 'de'])('has words in %s, with every value and with none', (language) => {
    for (const values of [everything, {}]) {
      const { subject, text, html } = templates.render(message({ template, language, values }))
      expect(subject.length).toBeGreaterThan(5)
      for (const body of [text, html]) {
        expect(body).not.toMatch(/\{\{|undefined|null|\[object/)
        expect(body).toContain('id.example.com')
      }
    }
  })

  test('carries its code in the body and never in the subject', () => {
    const { subject, text, html, codes } = templates.render(message({ template }))
    expect(subject).not.toContain(everything.code)
    expect(text).toContain(everything.code)
    expect(html).toContain(everything.code)
    expect(codes).toEqual([everything.code])
  })

  test('shows its link as a button and as plain text', () => {
    const { text, html, links } = templates.render(message({ template }))
    expect(links).toEqual([everything.link])
    expect(text).toContain(everything.link)
    expect(html.match(/href="https:\/\/id\.example\.com\/recovery\/link\?token=a&amp;b=c"/g)).toHaveLength(2)
  })
})

test('German and English have the same texts with the same values', () => {
  expect(placeholders('de')).toEqual(placeholders('en'))
})

test('an unknown language falls back to the first one, a regional one to its language', () => {
  expect(templates.render(message({ language: 'fr' })).subject).toBe('Your code')
  expect(templates.render(message({ language: 'de-AT' })).subject).toBe('Ihr Code')
  expect(templates.render(message({ language: '' })).html).toContain('<html lang="en">')
})

test('how long a code is valid is said in the largest whole unit', () => {
  const text = (minutes: number, language: string) =>
    templates.render(message({ language, values: { minutes } })).text
  expect(text(10, 'en')).toContain('valid for 10 minutes')
  expect(text(1, 'en')).toContain('valid for 1 minute ')
  expect(text(120, 'de')).toContain('gilt 2 Stunden')
  expect(text(10_080, 'en')).toContain('valid for 7 days')
})

test.each([
  ['en', undefined, 'When: November 25, 2026 at 9:30 AM UTC'],
  ['en', 'America/New_York', 'When: November 25, 2026 at 4:30 AM EST'],
  ['de', 'Europe/Berlin', 'Wann: 25. November 2026 um 10:30 MEZ'],
  ['de', 'Europe/Atlantis', 'Wann: 25. November 2026 um 09:30 UTC'],
])('moments are told in the language %s and the time zone %s, with its name', (language, timeZone, said) => {
  const read = { language, ...(timeZone === undefined ? {} : { timeZone }) }
  const { text } = templates.render(message({ template: 'credential-changed', ...read }))
  expect(text.replaceAll('\u202f', ' ')).toContain(said)
})

test('an SMS is short plain text, and the last line of one with a code is bound to the origin', () => {
  const to = { kind: 'phone', written: '+4915112345678' } as const
  const { text, html } = templates.render(message({ to }))
  expect(text).toBe(
    'Example <ID>: 483920 is your code for Photo <Shop>, valid for 15 minutes. Asked on Firefox on Linux. Not you? Tell it to nobody.\n\n@id.example.com #483920',
  )
  expect(html).toBe('')
  const { link } = everything
  expect(templates.render(message({ to, template: 'recovery-link', values: { link } })).text).toContain(link)
})

test('the place of an address stands beside it in the language of the message, if a database knows it', () => {
  const settings = {
    issuer: 'https://id.example.com',
    brand: { name: 'Example', support_url: null },
    languages: ['en', 'de'],
  }
  const database = readDatabase(mmdb(world))
  const placed = createTemplates(
    settings,
    createPlaces(() => database),
  )
  const text = (address: string, language: string) =>
    placed.render(message({ template: 'credential-changed', language, values: { address } })).text
  expect(text('203.0.113.7', 'en')).toContain('From: Munich, Germany (203.0.113.7)')
  expect(text('203.0.113.7', 'de')).toContain('Von: München, Deutschland (203.0.113.7)')
  expect(text('192.0.2.1', 'en')).toContain('From: France (192.0.2.1)')
  expect(text('127.0.0.1', 'en')).toMatch(/From: 127\.0\.0\.1$/m)
})

/** Those that somebody can answer with "this wasn't me". */
const questionable = (Object.keys(names) as MessageTemplate[]).filter(
  (name) =>
    !/^(registration|address|invitation|case-(received|asked|approved|refused|over)|contact-(invitation|declined|left)|recovery-(nothing|cancelled|open)|objection-raised|sign-in-disowned|deletion-kept|account-deleted)/.test(
      name,
    ),
)

test.each(['en', 'de'])(
  'what each message can be answered with is said in %s on the page behind its link',
  (language) => {
    const file = new URL(`../../views/locales/${language}/objections.json`, import.meta.url)
    const { about, will } = JSON.parse(readFileSync(file, 'utf8'))
    for (const name of questionable)
      expect([name, about[name], will[name]]).toEqual([name, expect.any(String), expect.any(String)])
  },
)

test('S33: "this wasn\'t me" stands in the text, in the HTML and among the links, and leads nowhere but to the issuer', () => {
  const objection = 'https://id.example.com/objection?key=abc'
  const { text, html, links } = templates.render(message({ template: 'new-device' }), objection)
  expect(text).toContain(`This wasn't me:\n${objection}`)
  expect(html).toContain(`href="${objection}"`)
  expect(links).toEqual([everything.link, objection])
  expect(templates.render(message({ template: 'new-device' })).text).not.toContain("This wasn't me")
  expect(() => templates.render(message(), 'https://evil.example/objection?key=abc')).toThrow('leads away')
})

test('whoever is asked to help somebody is not asked whether it was they who did it', () => {
  for (const template of ['contact-asked', 'contact-doubted'] as const)
    for (const [language, button, not] of [
      ['en', 'Refuse to vouch', 'Was this not you'],
      ['de', 'Nicht bürgen', 'Waren Sie das nicht'],
    ] as const) {
      const objection = 'https://id.example.com/objection?key=abc'
      const { text, html } = templates.render(message({ template, language }), objection)
      for (const said of [text, html]) {
        expect(said).toContain(button)
        expect(said).not.toContain(not)
      }
    }
})
