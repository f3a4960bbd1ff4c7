#!/usr/bin/env node
// Runs the command line: src/ in a checkout (Node strips the types), dist/ in a published package.
// Where the Node that runs this is too old, it hands over to the one that came with `npm ci`, if there is one.
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

const oldest = [22, 19]

const root = new URL('../', import.meta.url)
const bundledNode = fileURLToPath(
  new URL(`node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`, root),
)

if (isRecentEnough(process.versions.node)) await run()
else if (existsSync(bundledNode) && process.execPath !== bundledNode) handOver()
else refuse()

async function run() {
  enableCompileCache()
  // What loading leaves behind would otherwise make the heap some 15 MiB larger, for good: it may grow once there are requests.
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    // What Node calls experimental here (its SQLite, stripping types) was chosen with care.
    if (warning.name !== 'ExperimentalWarning') console.error(`${warning.name}: ${warning.message}`)
  })
  const source = new URL('src/main.ts', root)
  const entry = existsSync(source) ? source : new URL('dist/src/main.js', root)
  const { main } = await import(entry.href)
  process.exitCode = await main(process.argv.slice(2))
  v8.setFlagsFromString('--semi-space-growth-factor=2')
}

/** Not in the folder for temporary files itself: whoever is first there, on a machine with other users, would say what we run. */
function enableCompileCache() {
  const user = process.getuid?.()
  const folder = join(tmpdir(), `signet-compiled-${user ?? 'by-us'}`)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(folder)
    const isOurs = user === undefined || (uid === user && (mode & 0o077) === 0)
    if (isOurs) module.enableCompileCache?.(folder)
  } catch {
    // Nowhere to write: it starts a little later.
  }
}

function handOver() {
  const child = spawn(bundledNode, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : code
  })
}

function refuse() {
  console.error(
    `signet: Node.js ${oldest.join('.')} or later is needed, this is ${process.versions.node}; in a checkout "npm ci" brings one.`,
  )
  process.exitCode = 1
}

function isRecentEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}
