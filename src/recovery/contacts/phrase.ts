import type { Random } from '../../ports/clock.ts'
import { phraseWords } from './phrase-words.ts'

/** Four words of 256 each: 32 bits. Nobody can type them in anywhere; two people compare them by voice. */
const length = 4

type Language = keyof typeof phraseWords

/** The language itself if there are words in it, else English. */
export function phraseLanguage(language: string): Language {
  const [tag = ''] = language.toLowerCase().split('-')
  return Object.hasOwn(phraseWords, tag) ? (tag as Language) : 'en'
}

export function createPhrase(random: Random, language: Language): readonly string[] {
  return [...Buffer.from(random(length), 'base64url')].map((byte) => phraseWords[language][byte] ?? '')
}
