import type { Identity } from '../../src/domain/identity.ts'
import { day, minute } from '../../src/domain/time.ts'
import type { Message } from '../../src/ports/messenger.ts'
import type { Store } from '../../src/ports/store.ts'
import { createLinks, type LinkEnrolment } from '../../src/recovery/links/index.ts'
import { random } from '../../src/vault/vault.ts'
import { createWorld, issuer, operator, worldOn } from '../identities/world.ts'
import type { OpenStore } from '../support/stores.ts'

export const settings = { invitation: { lifetime: 7 * day }, recovery: { link_lifetime: 15 * minute } }
export const visit = { address: '203.0.113.7', language: 'en', userAgent: 'Browser 1' }
export const asked = { address: '203.0.113.7', language: 'en' }
export const factor = 'phrase'
export const goodForm = { phrase: 'a new phrase' }

/** Enrols a made-up factor: a phrase of at least three characters. Each entry of `conflicts` makes one write come too late. */
export function enrolmentOn(store: Store, channels: unknown[], conflicts: unknown[]): LinkEnrolment {
  return {
    async prepare(identityId, name, form, _visit, { channel }) {
      if ((form.phrase ?? '').length < 3)
        return { status: 'refused', reason: 'too-short', values: { min: 3 } }
      channels.push(channel)
      return {
        status: 'prepared',
        async commit() {
          const id = `${identityId} ${name}`
          if (conflicts.pop() !== undefined) return { status: 'refused' }
          await store.credentials.put({ id, identityId, factor: name, data: form.phrase, createdAt: 0 })
          return { status: 'enrolled' }
        },
      }
    },
  }
}

export function linksOn(store: Store, now: () => number) {
  const world = worldOn(store, now)
  const unlocked: string[] = []
  const channels: unknown[] = []
  const conflicts: unknown[] = []
  const links = createLinks({
    ...world,
    store,
    clock: now,
    random,
    enrol: enrolmentOn(store, channels, conflicts),
    factors: [
      { name: factor, resettable: true },
      { name: 'device', resettable: false },
    ],
    unlocked: async ({ value }) => void unlocked.push(value),
    settings,
    issuer,
  })
  return { ...world, links, unlocked, channels, conflicts }
}

export async function openLinks(open: OpenStore) {
  const { clock, store } = await createWorld(open)
  const world = { clock, store, ...linksOn(store, clock.now) }
  async function person(
    state: 'invited' | 'active',
    written = 'Ana@example.com',
    verified = false,
  ): Promise<Identity> {
    const identifiers = [{ kind: 'email', written, verified }] as const
    const created = await world.identities.create(
      { identifiers, claims: { name: 'Ana Lima' }, state },
      operator,
    )
    if (created.status !== 'created') throw new Error(created.status)
    return created.identity
  }
  const phraseOf = async (identityId: string) =>
    (await store.credentials.findBy('identityId', identityId))[0]?.data
  return { ...world, person, phraseOf }
}

export function tokenIn(link: unknown): string {
  return new URL(String(link)).searchParams.get('token') ?? ''
}

export function mailedToken(messages: readonly Message[]): string {
  return tokenIn(messages.findLast(({ values }) => String(values.link).includes('token='))?.values.link)
}
