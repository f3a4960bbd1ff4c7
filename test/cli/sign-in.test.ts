/** What the command line made is worth something: people and applications from there sign in. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { hash } from 'argon2'
import { afterEach, expect, it } from 'vitest'
import { addPerson, allow, goThrough, password, prove } from '../support/person.ts'
import { browser, connect } from '../support/relying-party.ts'
import { freePort, runSignet, startProcesses, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, words } from '../support/visitor.ts'

const masterKey = randomBytes(32).toString('base64url')
const modules = resolve(import.meta.dirname, '../../node_modules')
const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-cli-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Pastes the code into a shell in an empty folder. What npm would install is there already. */
async function paste(code: string): Promise<void> {
  const folder = await folderOf()
  await symlink(modules, join(folder, 'node_modules'))
  await writeFile(join(folder, 'paste.sh'), `npm() { :; }\n${code}`)
  const child = spawn('bash', ['paste.sh'], {
    cwd: folder,
    detached: true,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise((done) => child.once('close', done))
  undo.push(async () => {
    // The shell and the application that it started.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await closed
  })
  await new Promise<void>((done, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('Open ') && done())
    child.once('close', (exit) => fail(new Error(`the pasted code ended with ${exit}`)))
  })
}

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)

  it.each([
    ['confidential', []],
    ['public', ['--public']],
  ])('the code that client create prints works as pasted, for a %s application', async (_kind, options) => {
    const started = await startProcesses(1, { storage: await fresh() })
    undo.push(() => started.stop())
    await addPerson(started.house)
    const port = await freePort()
    const { code, stdout, stderr } = await runSignet(
      [
        'client',
        'create',
        '--name',
        'My app',
        '--redirect-uri',
        `http://localhost:${port}/callback`,
        ...options,
      ],
      started.env,
    )
    expect(code, stderr).toBe(0)
    await paste(stdout.slice(stdout.indexOf('npm init')))

    const visitor = createVisitor()
    const identify = await visitor.get(`http://localhost:${port}/`)
    expect(words(identify)).toContain('My app')
    const consent = await prove(visitor, identify)
    const end = await visitor.submit(consent, {}, allow)
    expect(end.url.origin).toBe(`http://localhost:${port}`)
    expect(end.body).toContain('Signed in')
    expect(end.body).toContain(started.processes[0]?.issuer)
  })

  it('people made at the command line sign in: imported with a hash, with a password from standard input, through the invitation', async () => {
    const started = await startProcesses(1, { storage: await fresh() })
    undo.push(() => started.stop())
    const issuer = started.processes[0]?.issuer
    const signIn = async (email: string, typed?: string) => {
      const visitor = createVisitor()
      const home = await prove(visitor, await visitor.get(`${issuer}/account`), email, typed)
      expect(home.url.pathname, email).toBe('/account')
    }
    const password_hash = await hash(password, { memoryCost: 64, timeCost: 2, parallelism: 1 })
    const line = JSON.stringify({
      email: 'ida@example.com',
      email_verified: true,
      name: 'Ida',
      password_hash,
    })
    const create = ['identity', 'create', '--json', '--email']
    const [imported, , invited] = await Promise.all([
      runSignet(['identity', 'import'], started.env, line),
      runSignet([...create, 'ana@example.com', '--password-stdin'], started.env, `${password}\n`),
      runSignet([...create, 'ben@example.com'], started.env),
    ])
    expect(imported.code, imported.stderr).toBe(0)
    await signIn('ida@example.com')
    await signIn('ana@example.com')
    const ben = createVisitor()
    const form = await ben.get(JSON.parse(invited.stdout).invitation)
    await ben.submit(form, { password: 'a different orchard for winter' })
    await signIn('ben@example.com', 'a different orchard for winter')
  })

  it('a change at the command line counts at the next request of a running server', async () => {
    const started = await startProcesses(1, { storage: await fresh() })
    undo.push(() => started.stop())
    const issuer = started.processes[0]?.issuer ?? ''
    await addPerson(started.house)
    const made = await runSignet(
      [
        'client',
        'create',
        '--name',
        'App',
        '--redirect-uri',
        'https://rp.example.com/callback',
        '--first-party',
        '--json',
      ],
      started.env,
    )
    const { client_id: id, client_secret: secret } = JSON.parse(made.stdout)
    const party = await connect(issuer, id, secret)
    const visitor = browser()
    const { flow, page } = await goThrough(visitor, party)
    const tokens = await party.finish(flow, page.url)
    await runSignet(['client', 'update', id, '--disable'], started.env)
    expect((await party.userinfo(tokens)).status).toBe(401)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ status: 401 })
    expect((await visitor.get((await party.begin()).url)).status).toBe(400)
    await runSignet(['identity', 'suspend', 'ana@example.com'], started.env)
    const out = await visitor.get(`${issuer}/account`)
    expect(out.document.querySelector('input[name="identifier"]')).not.toBeNull()
  })

  it('a client declared in the configuration signs people in, and is gone when it is taken out', async () => {
    const folder = await folderOf()
    const secret = 'a secret of more than thirty-two characters'
    await writeFile(join(folder, 'shop.secret'), `${secret}\n`)
    const file = join(folder, 'signet.yaml')
    const base = 'mode: development\n'
    await writeFile(
      file,
      `${base}clients:\n  - id: shop\n    name: Example Shop\n    redirect_uris: [https://rp.example.com/callback]\n    secret_file: ${join(folder, 'shop.secret')}\n    first_party: true\n`,
    )
    const setting = {
      storage: await fresh(),
      env: { SIGNET_CONFIG: file, SIGNET_MASTER_KEY: masterKey, SIGNET_PORT: String(await freePort()) },
    }
    const signet = await open(setting)
    await addPerson(signet.house)
    const party = await connect(signet.issuer, 'shop', secret)
    const visitor = browser()
    const { flow, page } = await goThrough(visitor, party)
    const tokens = await party.finish(flow, page.url)
    expect((await party.userinfo(tokens)).status).toBe(200)

    await signet.stop()
    await writeFile(file, base)
    await open(setting)
    expect((await party.userinfo(tokens)).status).toBe(401)
    await expect(party.refresh(tokens.refresh_token)).rejects.toMatchObject({ status: 401 })
    expect((await visitor.get((await party.begin()).url)).status).toBe(400)
  })

  it('a client that is declared and stored under one id is refused at the start, with both places named', async () => {
    const folder = await folderOf()
    const file = join(folder, 'signet.yaml')
    const setting = { storage: await fresh(), env: { SIGNET_MASTER_KEY: masterKey } }
    const signet = await open(setting)
    const made = await signet.house.clients.create(
      { metadata: { client_name: 'App', redirect_uris: ['https://rp.example.com/callback'] } },
      { kind: 'operator', id: 'test' },
    )
    const id = made.status === 'created' ? made.client.id : ''
    await signet.stop()
    await writeFile(
      file,
      `mode: development\nclients:\n  - id: ${JSON.stringify(id)}\n    redirect_uris: [https://rp.example.com/callback]\n`,
    )
    const again = open({ ...setting, env: { ...setting.env, SIGNET_CONFIG: file } })
    await expect(again).rejects.toThrow(id)
    await expect(again).rejects.toThrow(/configuration.*stor|stor.*configuration/s)
  })
})
