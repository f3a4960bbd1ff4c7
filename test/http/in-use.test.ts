import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

function textsIn(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
}

const uses = [...textsIn('src', /\.ts$/), ...textsIn('views', /\.(?:ejs|js)$/)].join('\n')

type Words = { readonly [key: string]: string | readonly unknown[] | Words }

/** Without what i18next appends for a number or a context. */
function keysOf(words: Words, path = ''): readonly string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' || isList(value)
      ? `${path}${key}`.replace(/_[a-z]+$/, '')
      : keysOf(value, `${path}${key}.`),
  )
}

function isList(value: Words[string]): value is readonly unknown[] {
  return Array.isArray(value)
}

it('every word of the pages and messages is used: its key is written out somewhere, or put together', () => {
  const quoted = /[`'"]((?:[a-z]+:)?(?:[\w.-]|\$\{[^}]*\})+)[`'"]/g
  const written = new Set([...uses.matchAll(quoted)].map(([, key = '']) => key))
  const composed = [...written]
    .filter((key) => key.includes('${') && key.replaceAll(/\$\{[^}]*\}|\./g, '').length >= 3)
    .map((key) => new RegExp(`^${key.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '.+')}$`))
  const isUsed = (key: string) => written.has(key) || composed.some((pattern) => pattern.test(key))

  const folder = join(root, 'views/locales/en')
  const unused = readdirSync(folder).flatMap((file) => {
    const space = file.replace('.json', '')
    return keysOf(JSON.parse(readFileSync(join(folder, file), 'utf8')))
      .filter((key) => !isUsed(key) && !isUsed(`${space}:${key}`))
      .map((key) => `${space}:${key}`)
  })
  expect(unused).toEqual([])
})

it('every class of the style sheets is worn', () => {
  const sheets = textsIn('views/assets', /\.css$/)
    .join('\n')
    .replaceAll(/\/\*[\s\S]*?\*\/|url\([^)]*\)/g, '')
  const classes = new Set(
    [...sheets.matchAll(/\.([a-z][a-z0-9-]*)(?=[\s,:{.[)>+~])/g)].map(([, name]) => name),
  )
  const words = new Set(uses.match(/[a-z][a-z0-9-]*/g))
  // Its tone is put together.
  expect([...classes].filter((name = '') => !words.has(name) && !name.startsWith('notice-'))).toEqual([])
})
