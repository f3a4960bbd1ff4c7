/**
 * How long it takes to put together everything that is kept about a person with 200 sessions, 50 applications and 10 000 lines of activity, and to
 * write it as JSON and as a page, in processor time; and how much memory that holds. `node bench/export.ts [mongodb://…]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../src/config.ts'
import { compose, type House } from '../src/house/index.ts'
import { createDownloads } from '../src/http/account/data-download.ts'
import type { AppDependencies } from '../src/http/dependencies.ts'
import type { SignedIn } from '../src/http/session.ts'
import { createLogger } from '../src/log.ts'
import { createSessionRows } from '../src/oidc/session-rows.ts'

const rounds = 5
const many = { sessions: 200, applications: 50, activity: 10_000 }
const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const visit = { language: 'en', address: '203.0.113.7', userAgent: browser }

async function seedPerson(house: House): Promise<string> {
  const { identities, clients, consents, audit } = house
  const by = { kind: 'system' } as const
  const created = await identities.create(
    { identifiers: [{ kind: 'email', written: 'ana@bench.example', verified: true }], state: 'active' },
    by,
  )
  if (created.status !== 'created') throw new Error(created.status)
  const { id } = created.identity
  const ids: string[] = []
  for (let index = 0; index < many.applications; index++) {
    const metadata = {
      client_name: `Shop ${index}`,
      redirect_uris: [`https://app-${index}.example/callback`],
    }
    const client = await clients.create({ metadata }, by)
    if (client.status !== 'created') throw new Error(client.status)
    ids.push(client.client.id)
    await consents.allow(id, client.client.id, { scopes: ['openid', 'profile', 'email'] }, by)
  }
  const actor = { kind: 'identity', id, address: '203.0.113.7', userAgent: browser } as const
  for (let index = 0; index < many.activity; index++) {
    const clientId = ids[index % ids.length] ?? ''
    const details = { scopes: ['openid', 'profile'], factor: 'password' }
    await audit.record({
      action: 'session.started',
      result: 'success',
      actor,
      identityId: id,
      clientId,
      details,
    })
  }
  await seedSessions(house, id)
  return id
}

async function seedSessions(house: House, accountId: string): Promise<void> {
  const rows = createSessionRows({ ...house, settings: house.config.lifetimes })
  const loginTs = Math.floor(house.clock() / 1_000)
  for (let index = 0; index < many.sessions; index++) {
    const payload = { jti: house.random(32), uid: house.random(16), kind: 'Session', accountId, loginTs }
    await rows.write({ ...payload, amr: ['pwd'], transient: true } as Parameters<typeof rows.write>[0])
  }
}

/** Milliseconds of processor time, of all threads: what else runs on the machine does not count. */
function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

async function putTogether({ exports }: House, id: string): Promise<number> {
  const startedAt = cpu()
  await exports.request(id, visit, { kind: 'identity', id })
  while ((await exports.state(id))?.status !== 'ready') await sleep(5)
  return cpu() - startedAt
}

async function written(house: House, id: string, form: 'json' | 'document'): Promise<[number, number]> {
  const identity = await house.identities.get(id)
  const ctx = { state: { ...visit, traceId: '' }, get: () => browser, set() {}, attachment() {}, body: [] }
  const page = { ctx, identity, session: { uid: '' } } as unknown as SignedIn
  const startedAt = cpu()
  const deps = { ...house, settings: house.config } as unknown as AppDependencies
  await createDownloads(deps)[form](page)
  let size = 0
  for await (const chunk of ctx.body as unknown as AsyncIterable<Buffer>) size += chunk.length
  return [cpu() - startedAt, size]
}

const folder = await mkdtemp(join(tmpdir(), 'signet-bench-'))
const env = {
  ...process.env,
  SIGNET_MODE: 'development',
  SIGNET_DATA: folder,
  SIGNET_STORAGE: process.argv[2] ?? `sqlite:${join(folder, 'signet.db')}`,
}
const config = loadConfig({ env, cwd: folder })
const house = await compose(config, { log: createLogger({ level: 'error' }) })
try {
  house.queue.start()
  const id = await seedPerson(house)
  const base = process.memoryUsage().rss
  for (let round = 0; round < rounds; round++) {
    const took = await putTogether(house, id)
    const [json, size] = await written(house, id, 'json')
    const [document] = await written(house, id, 'document')
    const more = (process.memoryUsage().rss - base) / 1e6
    const ms = [took, json, document].map((time) => `${time.toFixed(0)} ms`)
    console.log(
      `put together ${ms[0]}; JSON ${ms[1]}, ${(size / 1e6).toFixed(1)} MB; page ${ms[2]}; RSS +${more.toFixed(0)} MB`,
    )
  }
} finally {
  await house.close()
  await rm(folder, { recursive: true, force: true })
}
