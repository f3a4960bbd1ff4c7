// Asks the registry for known vulnerabilities. Severe ones fail; a registry that offers no audit is reported, not failed.
import { spawnSync } from 'node:child_process'

const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', timeout: 120_000 })
const counts = countsIn(stdout)
if (counts === undefined) console.log('The registry offers no audit: known vulnerabilities were NOT checked.')
else {
  const severe = counts.high + counts.critical
  console.log(`Known vulnerabilities: ${JSON.stringify(counts)}`)
  if (severe > 0) process.exitCode = 1
}

function countsIn(text) {
  try {
    return JSON.parse(text).metadata?.vulnerabilities
  } catch {
    return undefined
  }
}
