/** Makes mails and SMS of messages: one template for all of them (views/messages), the words from the locale files. */
import { readFileSync } from 'node:fs'
import bowser from 'bowser'
import ejs from 'ejs'
import { placeName } from '../domain/place.ts'
import type { Message } from '../ports/messenger.ts'
import type { Places } from '../ports/places.ts'
import type { Rendered } from './delivery.ts'
import { createWords, type Values, type Words } from './words.ts'

export interface TemplateSettings {
  /** Links must lead there (S33). */
  readonly issuer: string
  readonly brand: { readonly name: string; readonly support_url: string | null }
  readonly languages: readonly string[]
}

export interface Templates {
  /**
   * Throws on a template without words, and on a link that leads anywhere but to the issuer. `objection`: the address of "this wasn't me", for
   * messages about something that can be questioned.
   */
  render(message: Message, objection?: string): Rendered
}

const views = new URL('../../views/', import.meta.url)

// Whoever typed the address also typed the name: a stranger's words are not carried to it.
const startedByAnybody: ReadonlySet<string> = new Set([
  'registration-code',
  'registration-existing',
  'recovery-nothing',
  'case-received',
])

/** Reads and compiles everything at once, so that a missing file stops the start and not a mail. */
export function createTemplates(settings: TemplateSettings, places?: Places): Templates {
  const words = createWords(views, settings.languages)
  // Looked up here and not by whoever sends: a message about anybody takes its sender the same time.
  const placeOf = (address: string | number | undefined, language: string) => {
    const place = address === undefined ? undefined : places?.find(String(address), language)
    return place === undefined ? undefined : plain(placeName(place, language))
  }
  const html = template('message.html.ejs')
  const text = template('message.text.ejs', (value) => String(value ?? ''))

  return {
    render(message, objection) {
      const language = words.offered(message.language)
      const place = placeOf(message.values.address, language)
      const values = valuesOf({ message, place, language, settings, words })
      const subject = words.one(`${message.template}.subject`, language, values)
      if (subject === undefined) throw new Error(`no words for ${message.template} in ${language}`)
      const { link, code } = values
      const links = [link, objection].filter((one) => one !== undefined)
      for (const one of links) assertOwn(one, settings.issuer)
      const found = { subject, links, codes: code ? [code] : [] }
      if (message.to.kind === 'phone') {
        return { ...found, html: '', text: smsText(words, language, { ...values, subject }, settings) }
      }
      const said = sentences(message.template, language, values, words)
      const parts = {
        language,
        subject,
        code,
        link,
        ...said,
        objection: objectionIn(objection, message.template, language, words),
      }
      return { ...found, html: html(parts), text: text(parts) }
    },
  }
}

function sentences(name: string, language: string, values: Values, words: Words) {
  return {
    brand: values.brand,
    greeting: words.one('layout.greeting', language, values),
    paragraphs: words.all(`${name}.paragraphs`, language, values),
    // The same of every message about something that happened: when, for which application, on what, from where.
    details:
      (values.when ?? values.device ?? values.address) ? words.all('layout.details', language, values) : [],
    button: words.one(`${name}.button`, language, values),
    plainLink: words.one('layout.plainLink', language, values),
    notes: words.all(`${name}.notes`, language, values),
    footer: words.all('layout.footer', language, values),
  }
}

/** In a message's own words where it has some: whoever is asked for something has done nothing. */
function objectionIn(href: string | undefined, name: string, language: string, words: Words) {
  if (href === undefined) return undefined
  const said = (part: string) =>
    words.one(`${name}.objection.${part}`, language, {}) ??
    words.one(`layout.objection.${part}`, language, {})
  return { href, text: said('text'), button: said('button') }
}

function smsText(words: Words, language: string, values: Values, { issuer }: TemplateSettings): string {
  const kind = values.code ? 'code' : values.link ? 'link' : 'plain'
  const text = words.all(`sms.${kind}`, language, values).join(' ')
  // The last line binds the code to our origin: phones fill it in there, and nowhere else.
  return values.code ? `${text}\n\n@${new URL(issuer).hostname} #${values.code}` : text
}

interface Filling {
  readonly message: Message
  /** Of its `address`. */
  readonly place: string | undefined
  readonly language: string
  readonly settings: TemplateSettings
  readonly words: Words
}

/** What sentences may name: the caller's values made harmless, and what is worked out from them. */
function valuesOf({ message, place, language, settings, words }: Filling): Values {
  const { minutes, at, due, factor, link, device, ended, person, ...others } = message.values
  const ownName = startedByAnybody.has(message.template) ? undefined : harmlessName(message.name)
  return defined({
    ...Object.fromEntries(Object.entries(others).map(([key, value]) => [key, plain(value)])),
    name: ownName,
    person: person === undefined ? undefined : harmlessName(String(person)),
    place,
    device: device === undefined ? undefined : deviceName(plain(device), language, words),
    ended: ended === undefined ? undefined : endedWords(String(ended), language, words),
    link: link === undefined ? undefined : new URL(String(link)).href,
    what: factor === undefined ? undefined : (words.one(`factors.${factor}`, language, {}) ?? plain(factor)),
    duration: minutes === undefined ? undefined : duration(Number(minutes), language),
    due: due === undefined ? undefined : moment(Number(due), language, message.timeZone),
    when: at === undefined ? undefined : moment(Number(at), language, message.timeZone),
    brand: settings.brand.name,
    support: settings.brand.support_url ?? undefined,
    host: new URL(settings.issuer).host,
  })
}

function defined(values: Record<string, string | undefined>): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value)) as Values
}

/** One line, of bounded length, without characters that turn the direction of the text around them. */
function plain(value: string | number): string {
  return [
    ...String(value)
      .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
      .trim(),
  ]
    .slice(0, 120)
    .join('')
}

/** A name that mail programs might show as a link is not used: people may call themselves anything. */
function harmlessName(name: string | undefined): string | undefined {
  const text = plain(name ?? '')
  return /[/:@\\]|\.\p{L}{2}/u.test(text) ? undefined : text
}

const knownBrowsers: ReadonlySet<string> = new Set(Object.values(bowser.BROWSER_MAP))

/** What a User-Agent header says in a few words. Free text in it is not repeated: whoever sends a request chooses it. */
function deviceName(text: string, language: string, words: Words): string | undefined {
  const { browser, os } = bowser.parse(text)
  // Of a browser that it does not know the parser repeats what stands before a slash.
  const name = knownBrowsers.has(browser.name ?? '') ? browser.name : undefined
  const named = defined({ browser: name, os: os.name })
  return words.one('layout.device', language, named) ?? named.browser ?? named.os
}

function endedWords(names: string, language: string, words: Words): string {
  return names
    .split(' ')
    .flatMap((name) => words.one(`ended.${name}`, language, {}) ?? [])
    .join(' ')
}

function assertOwn(link: string, issuer: string): void {
  if (new URL(link).origin !== new URL(issuer).origin)
    throw new Error('a link in a message leads away from the issuer')
}

/** `15 minutes`, `7 days`: in the largest unit that fits without a rest. */
function duration(minutes: number, language: string): string {
  const units = [
    ['day', 1_440],
    ['hour', 60],
    ['minute', 1],
  ] as const
  const whole = Math.max(1, Math.round(minutes))
  const [unit, size] = units.find(([, length]) => whole % length === 0) ?? units[2]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(whole / size)
}

/** With the name of the time zone: whoever reads it may be elsewhere. */
function moment(at: number, language: string, timeZone = 'UTC'): string {
  const parts = {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  } as const
  return dateFormat(language, { ...parts, timeZoneName: 'short' }, timeZone).format(at)
}

/** In UTC where this machine does not know the zone: a message without a moment would be worse. */
function dateFormat(language: string, parts: Intl.DateTimeFormatOptions, timeZone: string) {
  try {
    return new Intl.DateTimeFormat(language, { ...parts, timeZone })
  } catch {
    return new Intl.DateTimeFormat(language, { ...parts, timeZone: 'UTC' })
  }
}

function template(file: string, escaped?: (value: unknown) => string) {
  const source = readFileSync(new URL(`messages/${file}`, views), 'utf8')
  return ejs.compile(source, { strict: false, ...(escaped && { escape: escaped }) })
}
