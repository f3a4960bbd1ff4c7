import { expect, it } from 'vitest'
import { createPhrase, phraseLanguage } from '../../src/recovery/contacts/phrase.ts'
import { phraseWords } from '../../src/recovery/contacts/phrase-words.ts'

const languages = Object.keys(phraseWords) as (keyof typeof phraseWords)[]

/** How many letters have to be changed to make one of the other. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (const [j, against] of [...other].entries())
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === against ? 0 : 1)),
      )
    row = next
  }
  return row.at(-1) ?? 0
}

it.each(languages)('four words of 256 are 32 bits, and no two are nearly the same (%s)', (language) => {
  const words = phraseWords[language].map((word) => word.toLowerCase())
  expect(new Set(words).size).toBe(256)
  const pairs = words.flatMap((one, index) => words.slice(index + 1).map((other) => [one, other] as const))
  const close = pairs.filter(
    ([one, other]) => one.startsWith(other) || other.startsWith(one) || distance(one, other) < 3,
  )
  expect(close).toEqual([])
})

it('a phrase is in the language of the person, else in English, and each word can come', () => {
  expect(phraseLanguage('de-AT')).toBe('de')
  for (const language of ['en', 'fr', '', 'constructor']) expect(phraseLanguage(language)).toBe('en')
  const ends = () => Buffer.from([0, 255, 0, 255]).toString('base64url')
  for (const language of languages) {
    const [first, last] = [phraseWords[language][0], phraseWords[language][255]]
    expect(createPhrase(ends, language)).toEqual([first, last, first, last])
  }
})
