import type { Actor } from '../../domain/audit-event.ts'
import { type Identity, may } from '../../domain/identity.ts'
import { readerOf } from '../../domain/reader.ts'
import type { Link } from '../../ports/store.ts'
import type { LinkBook } from './book.ts'
import type { Links, LinksTools, LinkVisit, Prepared } from './index.ts'

type Ready = Extract<Prepared, { status: 'prepared' }>

const writes = 3

interface Spent {
  readonly link: Link
  readonly identity: Identity
}

/**
 * Check the form, spend the link, write: in that order. A refused form leaves the link as it was; of N racers one takes the link,
 * and the others have written nothing. A crash in between leaves a spent link and the old credential: another link can be asked for.
 */
export function createRedemption(tools: LinksTools, book: LinkBook): Links['redeem'] {
  const { store, identities, digest, enrol, factors } = tools

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

  /** The link is spent: whoever changed the credential in the same moment does not win over its owner. */
  async function write(prepared: Ready, again: () => Promise<Prepared>): Promise<boolean> {
    let next: Prepared = prepared
    for (let attempt = 0; attempt < writes && next.status === 'prepared'; attempt += 1) {
      if ((await next.commit()).status === 'enrolled') return true
      next = await again()
    }
    return false
  }

  return async (token, factor, form, visit) => {
    const found = await find(token)
    if (found === undefined || !factors.some(({ name, resettable }) => resettable && name === factor))
      return { status: 'expired' }
    const { id } = found.identity
    // A link without an address was handed over, not mailed.
    const options = found.link.address === '' ? {} : ({ channel: 'email' } as const)
    const prepare = () => enrol.prepare(id, factor, form, visit, options)
    const prepared = await prepare()
    if (prepared.status === 'refused') return prepared
    const by: Actor = { kind: 'identity', id, ...originOf(visit) }
    if (!(await spend(found, by)) || !(await write(prepared, prepare))) return { status: 'expired' }
    await settle(tools, found, by, visit, factor)
    return { status: 'done', identityId: id }
  }
}

/** What follows from a credential that was set by link; each part can be repeated. */
async function settle(
  tools: LinksTools,
  { link, identity }: Spent,
  by: Actor,
  visit: LinkVisit,
  factor: string,
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
    details: { purpose: link.purpose, factor, sessions: ended },
  })
  // Somebody who sets the first credential has nothing to be warned of.
  if (link.purpose === 'recovery') await tellOwner(tools, identity, visit, factor)
}

async function tellOwner(
  tools: LinksTools,
  identity: Identity,
  visit: LinkVisit,
  factor: string,
): Promise<void> {
  const { messenger, clock, issuer } = tools
  const reader = readerOf(identity, visit)
  if (reader === undefined) return
  const { address, userAgent: device } = visit
  const link = `${issuer}/account/security`
  const values = { factor, at: clock(), address, device, link }
  // Everybody was signed out: whoever is in since came in with it.
  const about = { identityId: identity.id, sessions: true } as const
  await messenger.send({ template: 'credential-changed', ...reader, values, about })
}

function originOf({
  address,
  userAgent,
  traceId,
}: LinkVisit): Pick<Actor, 'address' | 'userAgent' | 'traceId'> {
  return { address, userAgent, ...(traceId === undefined ? {} : { traceId }) }
}
