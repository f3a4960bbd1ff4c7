import type { Random } from '../ports/clock.ts'
import { phraseWords } from './phrase-words.ts'

/** Four words of 256 each: 32 bits. Nobody can type them in anywhere; two people compare them by voice. */
const length = 4

/** In the language if there are words in it, else in English. */
export function createPhrase(random: Random, language: string): readonly string[] {
  const [tag = 'en'] = language.toLowerCase().split('-')
  const words = Object.hasOwn(phraseWords, tag)
    ? phraseWords[tag as keyof typeof phraseWords]
    : phraseWords.en
  return [...Buffer.from(random(length), 'base64url')].map((byte) => words[byte] ?? '')
}
