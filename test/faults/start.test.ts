/** Starting and stopping: one clear sentence for what is in the way, and nobody is cut off in the middle of an answer. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { addPerson, goThrough } from '../support/person.ts'
import { browser, register } from '../support/relying-party.ts'
import { freePort, type Processes, runSignet, startProcesses } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-start-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function refusal(env: Record<string, string>): Promise<string> {
  const folder = await folderOf()
  const { code, stdout, stderr } = await runSignet(['start'], {
    SIGNET_DATA: join(folder, 'data'),
    SIGNET_PORT: String(await freePort()),
    SIGNET_DEMO__ENABLED: 'false',
    SIGNET_LOG__LEVEL: 'silent',
    ...env,
  })
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).not.toMatch(/^\s+at |node:internal|\.ts:\d+/m)
  return stderr.trim()
}

it('says in one sentence that the port is taken, and how to choose another', async () => {
  const port = await freePort()
  const server: Server = createServer()
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  undo.push(() => new Promise((done) => server.close(done)))
  const text = await refusal({ SIGNET_PORT: String(port) })
  expect(text.split('\n')).toHaveLength(1)
  expect(text).toContain(String(port))
  expect(text).toContain('SIGNET_PORT')
})

it('says in one sentence that the demo application’s port is taken', async () => {
  const port = await freePort()
  const server: Server = createServer()
  await new Promise<void>((done) => server.listen(port, 'localhost', done))
  undo.push(() => new Promise((done) => server.close(done)))
  const text = await refusal({ SIGNET_DEMO__ENABLED: 'true', SIGNET_DEMO_PORT: String(port) })
  expect(text.split('\n')).toHaveLength(1)
  expect(text).toContain(String(port))
})

it('says in one sentence that the data folder cannot be written', async () => {
  const folder = await folderOf()
  await writeFile(join(folder, 'file'), '')
  const text = await refusal({ SIGNET_DATA: join(folder, 'file', 'data') })
  expect(text).toContain(join(folder, 'file', 'data'))
  expect(text).toContain('cannot be written')
})

it('says in one sentence that the database is not reachable, without its password', async () => {
  const port = await freePort()
  const text = await refusal({ SIGNET_STORAGE: `mongodb://signet:hunter2hunter2@127.0.0.1:${port}/signet` })
  expect(text.split('\n')).toHaveLength(1)
  expect(text).toContain(String(port))
  expect(text).not.toContain('hunter2')
})

it('names the line of a YAML that is broken, and every key that is unknown', async () => {
  const folder = await folderOf()
  const file = join(folder, 'signet.yaml')
  await writeFile(file, 'mode: development\nbrand:\n  name: "unclosed\n')
  expect(await refusal({ SIGNET_CONFIG: file })).toMatch(/signet\.yaml: .* at line \d/)
  await writeFile(file, 'mode: development\nbrnad: x\nlifetimes:\n  cod: 60s\n')
  const text = await refusal({ SIGNET_CONFIG: file })
  expect(text).toContain('brnad')
  expect(text).toContain('lifetimes.cod')
})

eachStore((_, __, fresh) => {
  async function started(count: number, env: Record<string, string> = {}): Promise<Processes> {
    const processes = await startProcesses(count, { storage: await fresh(), env })
    undo.push(() => processes.stop())
    return processes
  }

  it('processes that start at once on an empty store agree on keys, and any of the printed codes sets up', async () => {
    const { processes, house } = await started(3)
    const keys = await Promise.all(
      processes.map(async ({ url }) => {
        const response = await fetch(`${url}/jwks`)
        const { keys } = (await response.json()) as { keys: { kid: string }[] }
        return keys.map(({ kid }) => kid).sort()
      }),
    )
    expect(keys[0]?.length).toBeGreaterThan(0)
    expect(keys[1]).toEqual(keys[0])
    expect(keys[2]).toEqual(keys[0])
    const visitor = browser()
    const { url = '', code = '' } = processes[1]?.started.setup ?? {}
    const done = await visitor.submit(await visitor.get(url), {
      code,
      name: 'Root',
      email: 'root@example.com',
    })
    expect(done.url.pathname).toBe('/invitation')
    expect(await house.setup.needed()).toBe(false)
  })

  it('SIGTERM lets a request in flight end, takes no new one, and exits with 0', async () => {
    const { processes, house } = await started(1)
    const [server] = processes
    if (server === undefined) throw new Error('nothing started')
    const party = await register({ house, issuer: server.issuer }, { firstParty: true })
    await addPerson(house)
    const { flow, page } = await goThrough(browser(), party)
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: page.url.searchParams.get('code') ?? '',
      redirect_uri: 'https://rp.example.com/callback',
      code_verifier: flow.verifier,
    }).toString()
    const socket = await halfSent(server.issuer, party, body)
    const exited = server.stop()
    const refuses = () =>
      fetch(`${server.issuer}/health/live`).then(
        () => false,
        () => true,
      )
    await expect.poll(refuses, { timeout: 20_000 }).toBe(true)
    const sent = performance.now()
    socket.write(body.slice(-10))
    const answer = await rest(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('"access_token"')
    expect(await exited).toBe(0)
    // The connection would be kept for further requests: nobody waits for those.
    expect(performance.now() - sent).toBeLessThan(9_500)
  })

  it('after a restart sessions, tokens and keys are what they were', async () => {
    const processes = await started(1)
    const [server] = processes.processes
    const issuer = server?.issuer ?? ''
    const party = await register({ house: processes.house, issuer }, { firstParty: true })
    await addPerson(processes.house)
    const visitor = browser()
    const { flow, page } = await goThrough(visitor, party, { parameters: { scope: 'openid email' } })
    const tokens = await party.finish(flow, page.url)
    const keysBefore = await (await fetch(`${issuer}/jwks`)).json()
    expect(await server?.stop()).toBe(0)
    await processes.restart(0)
    expect(await (await fetch(`${issuer}/jwks`)).json()).toEqual(keysBefore)
    expect((await party.userinfo(tokens)).status).toBe(200)
    expect((await visitor.get(`${issuer}/account`)).url.pathname).toBe('/account')
    expect((await party.refresh(tokens.refresh_token)).access_token).toBeTruthy()
  })
})

/** A token request whose last bytes are still on their way. */
async function halfSent(
  issuer: string,
  { id, secret }: { id: string; secret: string | undefined },
  body: string,
): Promise<Socket> {
  const { port, host } = new URL(issuer)
  const socket = connect(Number(port), '127.0.0.1')
  await new Promise<void>((done) => socket.once('connect', () => done()))
  socket.write(
    [
      'POST /token HTTP/1.1',
      `host: ${host}`,
      `authorization: Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      'content-type: application/x-www-form-urlencoded',
      `content-length: ${body.length}`,
      'expect: 100-continue',
      '',
      body.slice(0, -10),
    ].join('\r\n'),
  )
  // The server works on it: it says that the body may come.
  const heard = String(await new Promise((done) => socket.once('data', done)))
  expect(heard).toMatch(/^HTTP\/1\.1 100 /)
  return socket
}

async function rest(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}
