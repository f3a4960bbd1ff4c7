import type { Identity } from '../../domain/identity.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Store, VouchingRow } from '../../ports/store.ts'
import type { Vault } from '../../ports/vault.ts'
import type { Vouched } from '../../ports/vouching.ts'
import type { Contacts } from './index.ts'

export interface VouchingBookTools {
  readonly store: Pick<Store, 'vouchings' | 'authentications'>
  readonly contacts: Pick<Contacts, 'settings' | 'counting'>
  readonly vault: Vault
  readonly clock: Clock
}

/** What contacts are shown of who asks. */
export interface Asker {
  readonly address: string
  readonly userAgent?: string
  readonly at: number
  readonly phrase: readonly string[]
  readonly language: string
}

/** A request, with those of the asked who can answer it at this moment. */
export interface OpenVouching {
  readonly row: VouchingRow
  readonly asker: Asker
  readonly able: readonly { readonly id: string; readonly identity: Identity }[]
}

const purpose = 'vouching'

/** How requests lie in the store, and what their answers come to: always by who is a contact now, never by who was. */
export function createVouchingBook({ store, contacts, vault, clock }: VouchingBookTools) {
  const askerOf = ({ id, sealed }: VouchingRow): Asker => JSON.parse(vault.open(purpose, sealed, id))

  async function open(row: VouchingRow): Promise<OpenVouching> {
    const { contacts: counting } = await contacts.counting(row.ownerId)
    const able = counting.filter(({ identity }) => row.asked.includes(identity.id))
    return { row, able, asker: askerOf(row) }
  }

  /** Ended with the process that waits for it, however that ended. */
  async function isLive({ endedAt, process }: VouchingRow): Promise<boolean> {
    if (endedAt !== undefined) return false
    const waiting = await store.authentications.get(process)
    return waiting !== undefined && waiting.redeemedAt === undefined && waiting.stoppedAt === undefined
  }

  async function living(rows: readonly VouchingRow[]): Promise<readonly VouchingRow[]> {
    const live = await Promise.all(rows.map(isLive))
    return rows.filter((_, index) => live[index])
  }

  return {
    askerOf,
    seal: (asker: Asker, id: string): string => vault.seal(purpose, JSON.stringify(asker), id),

    async find(id: string): Promise<OpenVouching | undefined> {
      const row = await store.vouchings.get(id)
      return row && open(row)
    },

    /** What is asked in somebody's name and not decided. */
    running: async (ownerId: string) => living(await store.vouchings.findBy('ownerId', ownerId)),

    /** What somebody is asked now, newest first; nothing that they cannot answer (any more). */
    async askedOf(identityId: string): Promise<readonly OpenVouching[]> {
      const rows = await living(await store.vouchings.findBy('asked', identityId))
      return (await Promise.all(rows.map(open)))
        .filter(({ able }) => able.some(({ identity }) => identity.id === identityId))
        .sort((one, other) => other.asker.at - one.asker.at)
    },

    verdict({ row, able }: OpenVouching): Vouched {
      if (row.expiresAt <= clock()) return 'over'
      const said = able.map(({ id }) => row.answers.find(({ contact }) => contact === id)?.approves)
      const approved = said.filter((approves) => approves === true).length
      const open = said.filter((approves) => approves === undefined).length
      const { needed } = contacts.settings
      if (approved >= needed) return 'vouched'
      return approved + open < needed ? 'refused' : 'waiting'
    },
  }
}

export type VouchingBook = ReturnType<typeof createVouchingBook>
