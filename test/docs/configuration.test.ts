import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { configReference } from '../../src/config.ts'

const file = resolve(import.meta.dirname, '../../docs/configuration.md')

test('docs/configuration.md is what the schema and the defaults say', () => {
  const written = readFileSync(file, 'utf8')
  expect(written, 'a setting changed: "npm run docs:configuration" writes docs/configuration.md anew').toBe(
    configReference(),
  )
})

test('every setting is explained', () => {
  const rows = configReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  const unexplained = rows
    .filter((cells) => (cells.length === 7 ? cells[4] : cells[3]) === '')
    .map((cells) => cells[1])
  expect(rows.length).toBeGreaterThan(60)
  expect(unexplained, 'each key in config/default.yaml has a comment that explains it').toEqual([])
})
