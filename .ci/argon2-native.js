// Builds argon2 for the processor of this machine, or for the one that ARGON2_MARCH names: about twice as fast as the binary that comes
// with the package. Wants a C++ compiler, make and Python.
import { spawnSync } from 'node:child_process'

const flags = `-O3 -march=${process.env.ARGON2_MARCH ?? 'native'}`
const { status } = spawnSync('npm', ['rebuild', 'argon2'], {
  stdio: 'inherit',
  env: { ...process.env, CFLAGS: flags, CXXFLAGS: flags, npm_config_build_from_source: 'true' },
})
process.exitCode = status ?? 1
