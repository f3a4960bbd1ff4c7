import { execFile, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../support/signet.ts'

const root = resolve(import.meta.dirname, '../..')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-launcher-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs `bin/signet.js` from an empty folder. */
function signet(words: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } }
    const child = execFile(
      process.execPath,
      [join(root, 'bin/signet.js'), ...words],
      options,
      (_, stdout, stderr) => done({ code: child.exitCode, stdout, stderr }),
    )
  })
}

test('signet config check says that all is well, and exits 0', async () => {
  const { code, stdout, stderr } = await signet(['config', 'check'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('development mode, issuer http://localhost:3000')
})

test('signet config check lists every fault on standard error, and exits 1 without a stack trace', async () => {
  const { code, stdout, stderr } = await signet(['config', 'check'], { SIGNET_PORT: 'x', SIGNET_ISUER: 'y' })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('SIGNET_PORT: port: found "x"')
  expect(stderr).toContain('did you mean SIGNET_ISSUER?')
  expect(stderr).not.toMatch(/\n\s+at /)
})

test('what is compiled is kept where nobody else can write, and nothing is read from where somebody else can', async () => {
  const run = () => signet(['help'], { TMPDIR: folder })
  expect((await run()).code).toBe(0)
  const [name = ''] = readdirSync(folder)
  const kept = join(folder, name)
  expect(statSync(kept).mode & 0o777).toBe(0o700)
  const [first = ''] = readdirSync(kept)
  rmSync(join(kept, first), { recursive: true })
  chmodSync(kept, 0o777)
  expect((await run()).code).toBe(0)
  expect([first === '', readdirSync(kept)]).toEqual([false, []])
})

test('signet start refuses production on development settings, all at once', async () => {
  const { code, stderr } = await signet(['start'], { SIGNET_MODE: 'production' })
  expect(code).toBe(1)
  for (const key of ['issuer', 'master_key', 'inbox', 'demo.enabled', 'mail.url', 'mail.from']) {
    expect(stderr).toContain(`: ${key}: found`)
  }
  expect(stderr).not.toMatch(/\n\s+at /)
})

test('npm start ends with its server on SIGTERM', async () => {
  const env = {
    ...process.env,
    SIGNET_DATA: folder,
    SIGNET_PORT: String(await freePort()),
    SIGNET_DEMO_PORT: String(await freePort()),
  }
  const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((done) => child.once('exit', done))
  await new Promise<void>((ready) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('Signet is ready') && ready())
  })
  child.kill('SIGTERM')
  await ended
  await expect(fetch(`http://localhost:${env.SIGNET_PORT}/health/live`)).rejects.toThrow()
})
