import { type Identity, may } from '../../domain/identity.ts'
import type { Duration } from '../../domain/time.ts'
import type { Link, Store } from '../../ports/store.ts'
import type { LinksTools } from './index.ts'

/** The links themselves: written, voided, judged. */
export interface LinkBook {
  /** The URL of a new link. `address` is proved by whoever redeems it; empty when the link was not mailed. */
  issue(link: Pick<Link, 'purpose' | 'identityId' | 'address'>, lifetime: Duration): Promise<string>
  voidEarlier(purpose: Link['purpose'], identityId: string): Promise<void>
  /** Whose link it is, as long as the state of the identity lets it be used. */
  usable(
    link: Pick<Link, 'purpose' | 'identityId'> & Partial<Pick<Link, 'address'>>,
  ): Promise<Identity | undefined>
}

/** Those by which somebody may get back in. */
export async function waitingLinks(
  store: Pick<Store, 'links'>,
  identityId: string,
): Promise<readonly Link[]> {
  const all = await store.links.findBy('identityId', identityId)
  return all.filter(({ purpose }) => purpose === 'recovery')
}

const paths: Record<Link['purpose'], string> = { invitation: '/invitation', recovery: '/recovery/link' }

export function createLinkBook(
  tools: Pick<LinksTools, 'store' | 'identities' | 'digest' | 'clock' | 'random' | 'issuer'>,
): LinkBook {
  const { store, identities, digest, clock, random, issuer } = tools
  return {
    async issue(link, lifetime) {
      const token = random(32)
      await store.links.insert({ ...link, id: digest(token), expiresAt: clock() + lifetime })
      // From the issuer and nothing else: a request's Host never reaches a message (S33).
      return `${issuer}${paths[link.purpose]}?token=${token}`
    },

    async voidEarlier(purpose, identityId) {
      const earlier = await store.links.findBy('identityId', identityId)
      for (const link of earlier) if (link.purpose === purpose) await store.links.remove(link.id)
    },

    async usable({ purpose, identityId, address = '' }) {
      const identity = await identities.get(identityId)
      if (identity === undefined) return undefined
      // It proves the address that it went to, which may be somebody else's mailbox by now (S35).
      const isTheirs = identity.identifiers.some(({ kind, value }) => kind === 'email' && value === address)
      if (address !== '' && !isTheirs) return undefined
      if (purpose === 'recovery') return may(identity, 'recover') ? identity : undefined
      if (may(identity, 'accept-invitation')) return identity
      if (!may(identity, 'sign-in')) return undefined
      const enrolled = await store.credentials.findBy('identityId', identityId)
      return enrolled.length === 0 ? identity : undefined
    },
  }
}
