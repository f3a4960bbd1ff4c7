/** What people paste has to work: the application of the documentation, and the one that `signet client create` prints. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { snippet } from '../../src/cli/snippet.ts'
import { addPerson, allow, prove } from '../support/person.ts'
import { freePort, type Signet, startSignet } from '../support/signet.ts'
import { freshSqlite } from '../support/stores.ts'
import { createVisitor, words } from '../support/visitor.ts'

const root = resolve(import.meta.dirname, '../..')
const cleanUp: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step()
})

test('the application of docs/first-application.md signs in, signs out, and is signed out from elsewhere', async () => {
  const signet = await start()
  const origin = `http://localhost:${await freePort()}`
  const { id, secret } = await register(signet, {
    client_name: 'My app',
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/`],
    backchannel_logout_uri: `${origin}/back-channel-logout`,
    backchannel_logout_session_required: true,
  })
  const markdown = await readFile(join(root, 'docs/first-application.md'), 'utf8')
  const source = (/```js\n(import \{ readFileSync[\s\S]*?)```/.exec(markdown)?.[1] ?? '')
    .replaceAll('http://localhost:3000', signet.issuer)
    .replaceAll('http://localhost:4000', origin)
    .replace('listen(4000', `listen(${new URL(origin).port}`)
    .replace('YOUR_CLIENT_ID', id)
  await runApplication(source, secret)

  const visitor = createVisitor()
  const identify = await visitor.press(await visitor.get(`${origin}/`), '/sign-in')
  const home = await visitor.submit(await prove(visitor, identify), {}, allow)
  expect(home.body).toContain('Hello Ana Ruiz.')

  const out = await visitor.press(home, '/sign-out')
  expect(out.url.href).toBe(`${origin}/`)
  expect(out.body).toContain('Sign in with Signet')

  const again = await prove(visitor, await visitor.press(out, '/sign-in'))
  expect(again.body).toContain('Hello Ana Ruiz.')
  await visitor.submit(await visitor.get(`${signet.issuer}/logout`), {}, { name: 'logout', value: 'yes' })
  await expect
    .poll(async () => (await visitor.get(`${origin}/`)).body, { timeout: 30_000 })
    .toContain('Sign in')
})

test('the code that client create prints signs in, in this browser only', async () => {
  const signet = await start()
  const redirectUri = `http://localhost:${await freePort()}/callback`
  const { id, secret } = await register(signet, { client_name: 'My app', redirect_uris: [redirectUri] })
  const printed = snippet({ issuer: signet.issuer, clientId: id, secret, redirectUri })
  await runApplication(/<<'END'\n([\s\S]*?)\nEND\n/.exec(printed)?.[1] ?? '', secret)

  const visitor = createVisitor()
  const consent = await prove(visitor, await visitor.get(new URL('/', redirectUri)))
  expect(words(consent)).toContain('My app')
  const home = await visitor.submit(consent, {}, allow)
  expect(home.body).toContain('"email": "ana@example.com"')

  const elsewhere = await createVisitor().get(home.url)
  expect(elsewhere.status).toBe(400)
})

async function start(): Promise<Signet> {
  const store = await freshSqlite()
  cleanUp.push(() => store.drop())
  const signet = await startSignet({ storage: store.url })
  cleanUp.push(() => signet.stop())
  await addPerson(signet.house)
  return signet
}

async function register({ house }: Signet, metadata: Record<string, unknown>) {
  const created = await house.clients.create({ metadata }, { kind: 'operator', id: 'test' })
  if (created.status !== 'created') throw new Error(created.reasons.join('; '))
  return { id: created.client.id, secret: created.secret ?? '' }
}

/** In a folder of its own, as `app.mjs`; resolves when it says where to open it. */
async function runApplication(source: string, secret: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-application-'))
  cleanUp.push(() => rm(folder, { recursive: true }))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'app.mjs'), source)
  await writeFile(join(folder, 'client-secret'), secret)
  const child = spawn(process.execPath, ['app.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  cleanUp.push(() => ended(child))
  await new Promise<void>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('Open ') && done())
    child.once('close', (code) => fail(new Error(`the application ended with ${code}`)))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const closed = new Promise((done) => child.once('close', done))
  child.kill()
  await closed
}
