/** Fills the store as a deployment of some size has it, through Signet's own services. */
import { importIdentities } from '../src/cli/import.ts'
import { loadConfig } from '../src/config.ts'
import { compose } from '../src/house/index.ts'
import { createLogger } from '../src/log.ts'
import { createSessionRows } from '../src/oidc/session-rows.ts'

const batch = 5_000

/** `count` people with a session each, and a client per hundred of them; answers people per second of the import. */
export async function seed(
  env: Record<string, string>,
  count: number,
  passwordHash: string,
): Promise<number> {
  const config = loadConfig({ env: { ...process.env, ...env }, cwd: process.cwd() })
  const house = await compose(config, { log: createLogger({ level: 'silent' }) })
  try {
    const startedAt = performance.now()
    for (let from = 0; from < count; from += batch) {
      const lines = Array.from({ length: Math.min(batch, count - from) }, (_, index) =>
        JSON.stringify({
          email: `seeded-${from + index}@bench.example`,
          email_verified: true,
          name: `Seeded ${from + index}`,
          password_hash: passwordHash,
        }),
      )
      const { faults } = await importIdentities({ ...house, keys: house.oidc.keys }, lines)
      if (faults.length > 0) throw new Error(faults[0]?.reason)
    }
    const perSecond = count / ((performance.now() - startedAt) / 1_000)
    await seedClients(house, count / 100)
    await seedSessions(house, count)
    return perSecond
  } finally {
    await house.close()
  }
}

type House = Awaited<ReturnType<typeof compose>>

async function seedClients({ clients }: House, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const metadata = {
      client_name: `Seeded ${index}`,
      redirect_uris: [`https://app-${index}.example/callback`],
    }
    await clients.create({ metadata }, { kind: 'system' })
  }
}

async function seedSessions(house: House, count: number): Promise<void> {
  const rows = createSessionRows({ ...house, settings: house.config.lifetimes })
  for (let index = 0; index < count; index++) {
    const payload = {
      jti: house.random(32),
      uid: house.random(16),
      kind: 'Session',
      accountId: `seeded-${index}`,
      loginTs: Math.floor(house.clock() / 1_000),
      amr: ['pwd'],
      transient: true,
    }
    await rows.write(payload as Parameters<typeof rows.write>[0])
  }
}
