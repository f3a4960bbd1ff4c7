import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const read = (name: string) => readFileSync(resolve(root, name), 'utf8')
const json = <Shape>(name: string): Shape => JSON.parse(read(name)) as Shape

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

interface Locked extends Partial<Manifest> {
  readonly version?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
}

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>
}

it('S43: the lockfile names every package with its version and checksum, and agrees with package.json', () => {
  const { '': own, ...packages } = json<Lock>('package-lock.json').packages
  const { dependencies, devDependencies } = json<Manifest>('package.json')
  expect(own?.dependencies).toEqual(dependencies)
  expect(own?.devDependencies).toEqual(devDependencies)
  expect(Object.keys(packages).length).toBeGreaterThan(50)
  for (const [name, { version, integrity, dev, optional }] of Object.entries(packages)) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+/)
    // npm writes down no checksum of a tool's binaries for other machines than the one that made the file.
    if (!(dev && optional)) expect(integrity, name).toMatch(/^sha512-/)
  }
  for (const [name, version] of Object.entries(dependencies)) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
})

it('S43: continuous integration installs what the lockfile says and asks for known vulnerabilities', () => {
  const ci = read('.ci/run')
  expect(ci).toContain('npm ci')
  expect(ci).toContain('.ci/audit.js')
  expect(existsSync(resolve(root, '.ci/audit.js'))).toBe(true)
})

it('S43: a script makes the bill of materials: all that is shipped, and no tool of development', () => {
  expect(json<Manifest>('package.json').scripts.sbom).toBe('node .ci/sbom.js')
  const bill = JSON.parse(
    execFileSync(process.execPath, ['.ci/sbom.js'], { cwd: root, encoding: 'utf8' }),
  ) as {
    readonly bomFormat: string
    readonly components: readonly { readonly name: string; readonly version: string }[]
  }
  expect(bill.bomFormat).toBe('CycloneDX')
  const named = bill.components.map(({ name, version }) => `${name} ${version}`)
  for (const [name, version] of Object.entries(json<Manifest>('package.json').dependencies))
    expect(named).toContain(`${name} ${version}`)
  expect(bill.components.map(({ name }) => name)).not.toContain('vitest')
})
