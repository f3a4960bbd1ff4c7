import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const module = JSON.stringify(new URL('../../src/log.ts', import.meta.url).href)

/** What a process that logs `statement` writes to standard output, one object per line. */
async function logged(statement: string, level = 'info'): Promise<Record<string, unknown>[]> {
  const script = `
    const { createLogger } = await import(${module})
    const log = createLogger({ level: '${level}' })
    ${statement}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

test('a line is JSON with level, time, trace id and text', async () => {
  const [line] = await logged(`log.warn({ traceId: 'abc' }, 'it happened')`)
  expect(line).toMatchObject({ level: 'warn', traceId: 'abc', msg: 'it happened' })
  expect(new Date(String(line?.time)).getTime()).toBeGreaterThan(0)
})

test('lines below the level are not written, and none when silent', async () => {
  expect(await logged(`log.debug({}, 'no'); log.info({}, 'yes')`)).toHaveLength(1)
  expect(await logged(`log.error({}, 'no')`, 'silent')).toEqual([])
})

test('S42: fields named like secrets are censored at the top and two levels below', async () => {
  const lines = await logged(`
    const names = ['password', 'client_secret', 'access_token', 'refresh_token', 'code', 'authorization', 'cookie', 'set-cookie', 'code_verifier']
    const secrets = () => Object.fromEntries(names.map((name) => [name, 'hunter2']))
    log.info({ ...secrets(), request: { ...secrets(), headers: secrets() } }, 'asked')`)
  expect(JSON.stringify(lines)).not.toContain('hunter2')
  expect(lines[0]).toMatchObject({ password: '[censored]', request: { headers: { cookie: '[censored]' } } })
})

test('S42: an error keeps its code and stack but no password of a URL in it', async () => {
  const [line] = await logged(`
    const error = Object.assign(new Error('no answer from mongodb://user:hunter2@db/signet'), { code: 'ECONNREFUSED' })
    log.error({ err: error }, 'the store is away')`)
  expect(JSON.stringify(line)).not.toContain('hunter2')
  expect(line?.err).toMatchObject({
    errorCode: 'ECONNREFUSED',
    message: 'no answer from mongodb://[censored]@db/signet',
  })
})
