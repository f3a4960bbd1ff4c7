/** Two people of whom the portal has much and little to show, made through Signet's own services. */
import { loadConfig } from '../src/config.ts'
import { compose } from '../src/house/index.ts'
import { createLogger } from '../src/log.ts'
import { createArtifacts } from '../src/oidc/artifacts.ts'
import { createSessionRows } from '../src/oidc/session-rows.ts'

type House = Awaited<ReturnType<typeof compose>>

export const much = { sessions: 200, applications: 50, entries: 10_000 } as const
export const little = { sessions: 1, applications: 1, entries: 10 } as const

const agent = (number: number) =>
  `Mozilla/5.0 (X11; Linux x86_64; rv:${number}.0) Gecko/20100101 Firefox/${number}.0`
const address = (number: number) => `192.0.2.${(number % 250) + 1}`
const scopes = ['openid', 'profile', 'email', 'offline_access']
const month = 30 * 24 * 3_600

/** What happens in an account, by how often; what is told to nobody comes on top, as much again. */
const happens = [
  ['session.started', 'success'],
  ['authentication.completed', 'success'],
  ['session.ended', 'success'],
  ['consent.granted', 'success'],
  ['authentication.refused', 'failure'],
  ['identity.updated', 'success'],
] as const

/** Fills the store that `env` names; `emails` are of people who exist. */
export async function seedPortal(
  env: Record<string, string>,
  emails: { readonly much: string; readonly little: string },
): Promise<void> {
  const config = loadConfig({ env: { ...process.env, ...env }, cwd: process.cwd() })
  const house = await compose(config, { log: createLogger({ level: 'silent' }) })
  try {
    const clients: string[] = []
    for (let index = 0; index < much.applications; index++) clients.push(await addClient(house, index))
    for (const [email, size] of [
      [emails.much, much],
      [emails.little, little],
    ] as const) {
      const identity = await house.identities.findByIdentifier('email', email)
      if (identity === undefined) throw new Error(`there is nobody with ${email}`)
      const own = clients.slice(0, size.applications)
      await addConsents(house, identity.id, own)
      await addSessions(house, identity.id, own, size.sessions)
      await addEntries(house, identity.id, own, size.entries)
    }
  } finally {
    await house.close()
  }
}

async function addClient({ clients }: House, index: number): Promise<string> {
  const metadata = {
    client_name: `Application ${index}`,
    redirect_uris: [`https://app-${index}.bench.example/callback`],
    logo_uri: `https://app-${index}.bench.example/logo.png`,
  }
  const made = await clients.create({ metadata }, { kind: 'system' })
  if (made.status !== 'created') throw new Error(made.reasons.join('; '))
  return made.client.id
}

async function addConsents(house: House, identityId: string, clients: readonly string[]): Promise<void> {
  for (const clientId of clients) {
    await house.consents.allow(identityId, clientId, { scopes }, { kind: 'identity', id: identityId })
    const id = `${identityId} ${clientId}`
    const at = house.clock()
    await house.store.disclosures.put({ id, identityId, clientId, at, names: scopes })
  }
}

/** Each with what one application may do there, and something that one may do while the person is away. */
async function addSessions(
  house: House,
  identityId: string,
  clients: readonly string[],
  count: number,
): Promise<void> {
  const shared = { ...house, settings: house.config.lifetimes }
  const [rows, artifacts] = [createSessionRows(shared), createArtifacts(shared)]
  for (let index = 0; index < count; index++) {
    const clientId = clients[index % clients.length] ?? ''
    const grantId = house.random(32)
    const grant = {
      jti: grantId,
      kind: 'Grant',
      accountId: identityId,
      clientId,
      openid: { scope: scopes.join(' ') },
    }
    await artifacts.save('Grant', grantId, grant, month)
    const payload = {
      jti: house.random(32),
      uid: house.random(16),
      kind: 'Session',
      accountId: identityId,
      loginTs: Math.floor(house.clock() / 1_000),
      amr: ['pwd'],
      authorizations: { [clientId]: { sid: house.random(16), grantId } },
    }
    const place = { userAgent: agent(100 + (index % 40)), address: address(index), factors: ['password'] }
    await rows.write(payload as Parameters<typeof rows.write>[0], undefined, place)
  }
}

async function addEntries(
  { audit }: House,
  identityId: string,
  clients: readonly string[],
  count: number,
): Promise<void> {
  const batch = 100
  for (let from = 0; from < count; from += batch) {
    const some = Array.from({ length: Math.min(batch, count - from) }, (_, index) => from + index)
    await Promise.all(
      some.flatMap((index) => {
        const [action, result] = happens[index % happens.length] ?? happens[0]
        const origin = { address: address(index), userAgent: agent(100 + (index % 40)) }
        const about = { identityId, clientId: clients[index % clients.length] ?? '' }
        const actor = { kind: 'identity', id: identityId, ...origin } as const
        return [
          audit.record({ action, result, actor, ...about }),
          audit.record({ action: 'token.refreshed', result: 'success', actor, ...about }),
        ]
      }),
    )
  }
}
