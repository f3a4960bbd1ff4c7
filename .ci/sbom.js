// What Signet is made of, as CycloneDX JSON on standard output: every package but the tools of its development.
// Not `npm sbom --omit dev`: that also leaves out what a development tool happens to need as well.
import { spawnSync } from 'node:child_process'

const { stdout, status } = spawnSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
})
if (status !== 0) process.exit(status ?? 1)

const all = JSON.parse(stdout)
const components = all.components.filter((component) => !isDevelopment(component))
const kept = new Set([
  all.metadata.component['bom-ref'],
  ...components.map((component) => component['bom-ref']),
])
const dependencies = all.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }))
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, undefined, 2)}\n`)

function isDevelopment({ properties = [] }) {
  return properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true')
}
