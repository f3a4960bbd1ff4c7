import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
}

const root = resolve(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const { '': _root, ...locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  .packages as Record<string, Locked>

test('S43: every package is locked with a checksum, except build tools of other platforms', () => {
  const without = Object.entries(locked).filter(([, { integrity }]) => integrity === undefined)
  const here = without.filter(([, { dev, optional, os }]) => !(dev && optional && os !== undefined))
  expect(Object.keys(locked).length).toBeGreaterThan(100)
  expect(here.map(([name]) => name)).toEqual([])
})

test('S43: dependencies are named with one exact version', () => {
  const named = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(named.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([])
})

test('S43: the list of what Signet is made of has every dependency, and no tool of its development', () => {
  const output = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8' })
  const { bomFormat, components } = JSON.parse(output)
  const listed = new Map<string, string>(components.map(({ name, version }: never) => [name, version]))
  expect(bomFormat).toBe('CycloneDX')
  for (const [name, version] of Object.entries(manifest.dependencies))
    expect(listed.get(name), name).toBe(version)
  expect(listed.has('vitest')).toBe(false)
})
