import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { claimsByScope } from '../../src/domain/claims.ts'
import { problems } from '../../src/domain/problem.ts'

const views = resolve(import.meta.dirname, '../../views')
const source = resolve(import.meta.dirname, '../../src')

function filesIn(folder: string, ending: string): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }))
}

// A mail or a file is no page: programs that show it know no style sheet of ours.
const templates = filesIn(views, '.ejs').filter(({ path }) => !/^(?:messages|documents)\//.test(path))
const languages = readdirSync(join(views, 'locales'))

type Words = { readonly [key: string]: string | Words }

function wordsOf(language: string): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (words: Words, path: string) => {
    for (const [key, value] of Object.entries(words)) {
      if (typeof value === 'string') found.set(path + key, value)
      else walk(value, `${path}${key}.`)
    }
  }
  for (const file of readdirSync(join(views, 'locales', language))) {
    walk(JSON.parse(readFileSync(join(views, 'locales', language, file), 'utf8')), `${file.slice(0, -5)}:`)
  }
  return found
}

describe('views', () => {
  it('S37: print everything escaped: the unescaped tag stands before an include of a file only', () => {
    for (const { path, text } of templates) {
      for (const [tag] of text.matchAll(/<%-(?!%)[^%]*/g))
        expect(tag, path).toMatch(/^<%- include\((['`]\/[\w/${}-]+['`]|content)[,)]/)
    }
  })

  it('S37: hold no inline script, style or handler', () => {
    for (const { path, text } of templates) {
      expect(text.replace(/<script [^>]*src="<%= asset\([^)]*\) %>"><\/script>/g, ''), path).not.toMatch(
        /<script|<style|\sstyle=|\son[a-z]+=/i,
      )
      expect(text, path).not.toContain('javascript:')
    }
  })

  it('S37: request data never reaches the options of the template engine', () => {
    const users = filesIn(source, '.ts').filter(({ text }) => /from 'ejs'/.test(text))
    expect(users.length).toBeGreaterThan(0)
    for (const { path, text } of users) expect(text, path).not.toMatch(/ejs\.(render|renderFile)\(/)
  })

  it('every form of ours carries the token of its browser', () => {
    for (const { path, text } of templates) {
      for (const [form] of text.matchAll(/<form [^>]*method="post"[\s\S]*?<\/form>/g)) {
        const goesElsewhere = /action="<%= action %>"/.test(form) && !path.startsWith('recovery/')
        if (!goesElsewhere) expect(form, path).toContain("include('/partials/form-token')")
      }
    }
  })
})

describe('words', () => {
  it.each(languages)('are the same set in every language: %s', (language) => {
    expect([...wordsOf(language).keys()].sort()).toEqual([...wordsOf('en').keys()].sort())
  })

  it.each(languages)('take the same values in every language: %s', (language) => {
    const values = (text = '') => [...text.matchAll(/{{(\w+)}}/g)].map(([, name]) => name).sort()
    const english = wordsOf('en')
    for (const [key, text] of wordsOf(language)) {
      // A singular may do without the number.
      const wanted = values(english.get(key)).filter((name) => name !== 'count')
      expect(
        values(text).filter((name) => name !== 'count'),
        key,
      ).toEqual(wanted)
    }
  })

  it('exist for every key that is put together from what the code knows', () => {
    const known = wordsOf('en')
    expect(composedKeys().filter((key) => !known.has(key))).toEqual([])
  })

  it('exist for every key that a view or a page names', () => {
    const known = wordsOf('en')
    const uses = [...templates, ...filesIn(join(source, 'http'), '.ts')]
    for (const { path, text } of uses) {
      for (const key of keysIn(text))
        expect(known.has(key) || known.has(`${key}_other`), `${path}: ${key}`).toBe(true)
    }
  })
})

/** Keys that are put together at run time, from lists that the code knows. */
function composedKeys(): string[] {
  const reasons = ['expired', 'not-allowed', 'wrong-identity', 'unreachable']
  const factors = readdirSync(join(views, 'factors')).map((file) => file.replace('.ejs', ''))
  const scopes = Object.keys(claimsByScope)
  const claims = Object.values(claimsByScope)
    .flat()
    .filter((claim) => claim !== 'sub')
  const each = (names: readonly string[], parts: readonly string[], prefix: string) =>
    names.flatMap((name) => parts.map((part) => `${prefix}${name}.${part}`))
  return [
    ...each(Object.keys(problems), ['title', 'text', 'advice'], 'problems:'),
    ...each(reasons, ['heading', 'text', 'button'], 'pages:stopped.'),
    ...each(factors, ['name', 'choose'], 'factors:'),
    ...each(factors.filter(isEnrolled), ['enrol.heading', 'enrol.lead'], 'factors:'),
    ...each(['recovery', 'invitation'], ['heading', 'text'], 'pages:recovery-link.'),
    ...each(['recovery', 'invitation'], ['heading', 'text'], 'pages:recovery-done.'),
    ...each(
      ['invalid_client', 'invalid_redirect_uri', 'other'],
      ['heading', 'text', 'advice'],
      'pages:error.protocol.',
    ),
    ...each(['stayed', 'signed-out'], ['title', 'heading', 'text', 'account'], 'pages:'),
    ...['recovery', 'invitation'].map((purpose) => `pages:recovery-gone.${purpose}`),
    ...['email', 'domain', 'name', 'closed'].map((reason) => `pages:register.mistakes.${reason}`),
    ...scopes.map((scope) => `pages:consent.scopes.${scope}`),
    ...claims.map((claim) => `pages:consent.claims.${claim}`),
  ]
}

/** Not what just comes with a proved address, or is kept elsewhere. */
function isEnrolled(factor: string): boolean {
  return !/^ +(?:implied: |(?:async )?held\b)/m.test(
    readFileSync(join(source, 'factors', `${factor}.ts`), 'utf8'),
  )
}

/** Literal keys of `t('…')` and of sentences in pieces. Those put together at run time are covered by the pages' own tests. */
function keysIn(text: string): string[] {
  const literal = [...text.matchAll(/\bt\(\s*'([^']+)'/g), ...text.matchAll(/\bkey: '([^']+)'/g)]
  return literal.map(([, key = '']) => (key.includes(':') ? key : `pages:${key}`))
}
