import type { Actor } from '../domain/audit-event.ts'
import { displayName, type Identity, mailAddress, may } from '../domain/identity.ts'
import type { Link } from '../ports/store.ts'
import type { LinkBook } from './link-book.ts'
import type { Links, LinksTools, LinkVisit } from './links.ts'

interface Spent {
  readonly link: Link
  readonly identity: Identity
}

/**
 * Check the form, spend the link, write: in that order. A refused form leaves the link as it was; of N racers one takes the link,
 * and the others have written nothing. A crash in between leaves a spent link and the old credential: another link can be asked for.
 */
export function createRedemption(tools: LinksTools, book: LinkBook): Links['redeem'] {
  const { store, identities, digest, enrol } = tools

  async function find(token: string): Promise<Spent | undefined> {
    const link = await store.links.get(digest(token))
    const identity = link === undefined ? undefined : await book.usable(link)
    return link === undefined || identity === undefined ? undefined : { link, identity }
  }

  /** True when this caller alone got the link, and the identity is still in the state in which it was found. */
  async function spend({ link, identity }: Spent, by: Actor): Promise<boolean> {
    if ((await store.links.take(link.id)) === undefined) return false
    const now = await book.usable(link)
    if (now?.state !== identity.state) return false
    if (!may(now, 'accept-invitation')) return true
    // An invitation may exist twice (mailed, and handed over): whoever activates is the one.
    return (await identities.activate(now.id, by)).status === 'done'
  }

  return async (token, factor, form, visit) => {
    const found = await find(token)
    if (found === undefined) return { status: 'expired' }
    const { id } = found.identity
    // A link without an address was handed over, not mailed.
    const options = found.link.address === '' ? {} : ({ channel: 'email' } as const)
    const prepared = await enrol.prepare(id, factor, form, visit, options)
    if (prepared.status === 'refused') return prepared
    const by: Actor = { kind: 'identity', id, ...originOf(visit) }
    if (!(await spend(found, by))) return { status: 'expired' }
    await prepared.commit()
    await settle(tools, found, by, visit)
    return { status: 'done', identityId: id }
  }
}

/** What follows from a credential that was set by link; each part can be repeated. */
async function settle(
  tools: LinksTools,
  { link, identity }: Spent,
  by: Actor,
  visit: LinkVisit,
): Promise<void> {
  const { store, identities, sessions, unlocked, audit } = tools
  const ended = await sessions().endAll(identity.id)
  await store.links.removeBy('identityId', identity.id)
  if (link.address !== '') await identities.verifyIdentifier(identity.id, 'email', link.address, by)
  for (const identifier of identity.identifiers) await unlocked(identifier)
  await audit.record({
    action: 'recovery.completed',
    result: 'success',
    actor: by,
    identityId: identity.id,
    details: { purpose: link.purpose, sessions: ended },
  })
  // Somebody who sets the first credential has nothing to be warned of.
  if (link.purpose === 'recovery') await tellOwner(tools, identity, visit)
}

async function tellOwner({ messenger }: LinksTools, identity: Identity, visit: LinkVisit): Promise<void> {
  const to = mailAddress(identity)
  if (to === undefined) return
  const values = { name: displayName(identity), address: visit.address, device: visit.userAgent }
  await messenger.send({ template: 'credential-changed', to, language: visit.language, values })
}

function originOf({
  address,
  userAgent,
  traceId,
}: LinkVisit): Pick<Actor, 'address' | 'userAgent' | 'traceId'> {
  return { address, userAgent, ...(traceId === undefined ? {} : { traceId }) }
}
