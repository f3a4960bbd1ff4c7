import { type Client, isOurOwn } from '../../domain/client.ts'
import { type Consent, namesAllowed } from '../../domain/consent.ts'
import type { Disclosure } from '../../ports/store.ts'
import type { AppDependencies } from '../dependencies.ts'

/** An application that a person allowed something, or that has access without having been asked about (our own; an old consent). */
export interface Allowed {
  readonly clientId: string
  /** Undefined once it was removed. */
  readonly client: Client | undefined
  /** Absent where nobody was asked. */
  readonly consent: Consent | undefined
  /** What it may know and do, as a consent names it. */
  readonly names: readonly string[]
  readonly given: Disclosure | undefined
}

/** All of a person's, by what they are called. The portal and the console, which are how this is read, are none. */
export async function allowedBy(
  { consents, clients, oidc }: Pick<AppDependencies, 'consents' | 'clients' | 'oidc'>,
  identityId: string,
): Promise<readonly Allowed[]> {
  const [agreed, held, given] = await Promise.all([
    consents.list(identityId),
    oidc.sessions.held(identityId),
    consents.given(identityId),
  ])
  const ids = [...new Set([...agreed, ...held].map(({ clientId }) => clientId))]
  const known = await Promise.all(ids.map((id) => clients.find(id)))
  const all = ids.map((clientId, index): Allowed => {
    const consent = agreed.find((one) => one.clientId === clientId)
    const grants = held.filter((one) => one.clientId === clientId)
    const names = consent === undefined ? grants.flatMap((grant) => grant.names) : [...namesAllowed(consent)]
    return {
      clientId,
      client: known[index],
      consent,
      names: [...new Set(names)],
      given: given.find((one) => one.clientId === clientId),
    }
  })
  return all
    .filter(({ client }) => client === undefined || !isOurOwn(client))
    .sort((one, other) => nameOf(one).localeCompare(nameOf(other)))
}

function nameOf({ client, clientId }: Allowed): string {
  return client?.metadata.client_name ?? clientId
}
