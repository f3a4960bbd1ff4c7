import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** The numbers at the beginning of a title: `S2 F3: …`, `S5: S7: …`. */
function provedIn(source: string): string[] {
  const titles = source.matchAll(/['"`]((?:[SF]\d+:? )*[SF]\d+): /g)
  return [...titles].flatMap(([, ids = '']) => ids.split(/:? /))
}

test('docs/security.md promises what tests prove, and all of it', () => {
  const sources = globSync('test/**/*.ts', { cwd: root }).map((name) =>
    readFileSync(join(root, name), 'utf8'),
  )
  const document = readFileSync(join(root, 'docs/security.md'), 'utf8')
  const promised = [...document.matchAll(/^\| ([SF]\d+) \|/gm)].map(([, id = '']) => id)
  const proved = new Set(sources.flatMap(provedIn))
  expect(
    promised.filter((id) => !proved.has(id)),
    'promised, but no test has the number in its title',
  ).toEqual([])
  expect(
    [...proved].filter((id) => !promised.includes(id)),
    'proved, but missing from the table',
  ).toEqual([])
})
