/** The sentences of messages, in the languages on offer, from views/locales/<language>/messages.json. */
import { readFileSync } from 'node:fs'
import { createInstance } from 'i18next'

/**
 * In the locale files a text is one sentence, or a list in which each entry is a sentence or a list of alternatives. Of alternatives the
 * first one counts whose every `{{value}}` is there; a sentence that lacks a value is left out. So no text ever shows a gap.
 */
type Entry = string | readonly string[]

export type Values = Readonly<Record<string, string>>

export interface Words {
  /** The sentences under a key; empty when there are none. */
  all(key: string, language: string, values: Values): string[]
  /** The first of them. */
  one(key: string, language: string, values: Values): string | undefined
  /** The offered language that is meant by a tag such as `de-AT`; else the first one. */
  offered(tag: string): string
}

/** Reads the files at once; throws when one is missing. The first language is the fallback. */
export function createWords(folder: URL, languages: readonly string[]): Words {
  const fallback = languages[0] ?? 'en'
  const i18n = createInstance({
    initAsync: false,
    lng: fallback,
    fallbackLng: fallback,
    ns: 'messages',
    defaultNS: 'messages',
    resources: Object.fromEntries(
      languages.map((language) => [language, { messages: read(folder, language) }]),
    ),
    // Escaping is the template's: one text goes into HTML, plain text and SMS.
    interpolation: { escapeValue: false },
  })
  void i18n.init()

  const all: Words['all'] = (key, lng, values) => {
    const raw: unknown = i18n.t(key, { lng, returnObjects: true, skipInterpolation: true })
    if (raw === key) return []
    const entries = (Array.isArray(raw) ? raw : [raw]) as Entry[]
    const pathOf = (index: number) => (Array.isArray(raw) ? `${key}.${index}` : key)
    return entries.flatMap((entry, index) => {
      const path = firstComplete(entry, pathOf(index), values)
      return path === undefined ? [] : [i18n.t(path, { lng, ...values })]
    })
  }
  return {
    all,
    one: (key, language, values) => all(key, language, values)[0],
    offered: (tag) => languages.find((language) => tag.toLowerCase().split('-')[0] === language) ?? fallback,
  }
}

function firstComplete(entry: Entry, path: string, values: Values): string | undefined {
  if (typeof entry === 'string') return isComplete(entry, values) ? path : undefined
  const index = entry.findIndex((sentence) => isComplete(sentence, values))
  return index < 0 ? undefined : `${path}.${index}`
}

function isComplete(sentence: string, values: Values): boolean {
  return [...sentence.matchAll(/\{\{(\w+)\}\}/g)].every(([, name = '']) => values[name] !== undefined)
}

function read(folder: URL, language: string): object {
  return JSON.parse(readFileSync(new URL(`locales/${language}/messages.json`, folder), 'utf8'))
}
