/**
 * Makes the audit tell when somebody changed it: each process writes a chain of its own, in which an entry is bound to the one before it by an HMAC over
 * both as they are stored, ciphertext included. Whoever has the database without the master key can change, add or remove nothing unnoticed but the end.
 * Several entries may be on their way at once. One whose fate is unknown ends its chain, and the next begins; verification.ts is the other side.
 */

import type { AuditLink, ChainEnd, StoredAuditEntry } from '../ports/audit-row.ts'
import type { Random } from '../ports/clock.ts'
import type { Draft } from '../ports/storage.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'

/** An entry before it was linked. */
export type Unlinked = Omit<Draft<StoredAuditEntry>, 'link'>

export interface ChainTools {
  readonly store: Pick<Store, 'audit'>
  readonly vault: Vault
  readonly random: Random
}

interface Chain {
  /** Stores what `make` answers as the next entry. `make` is called in the order of positions, and must answer ids that ascend. */
  append(make: () => Unlinked): Promise<void>
}

interface Strand {
  readonly id: string
  readonly known: readonly ChainEnd[]
  position: number
  mac?: string
  /** Positions on their way to the store, ascending. */
  readonly unsettled: Set<number>
  ended: boolean
}

const purpose = 'audit-chain'
/** A list of entries as those of people are: in it are the first of each chain. No identity is called so. */
const beginnings = 'beginnings of chains'
// Who starts next names them, so that a whole chain cannot vanish either: the last to begin, and the last to write.
const begun = 20
const newest = 50

export function createChain(tools: ChainTools): Chain {
  const { store, vault, random } = tools
  let current: Promise<Strand> | undefined
  let former: ChainEnd | undefined

  async function begin(): Promise<Strand> {
    const known = await knownEnds(tools, former)
    return { id: random(12), known, position: 0, unsettled: new Set(), ended: false }
  }

  async function living(): Promise<Strand> {
    for (;;) {
      current ??= begin()
      const beginning = current
      try {
        const strand = await beginning
        if (!strand.ended) return strand
      } catch (error) {
        if (current === beginning) current = undefined
        throw error
      }
    }
  }

  function end(strand: Strand): void {
    if (strand.ended) return
    strand.ended = true
    current = undefined
    const position = settledIn(strand)
    if (position > 0) former = { chain: strand.id, position }
  }

  return {
    async append(make) {
      const strand = await living()
      const row = make()
      const { position, entry } = linked(strand, row, vault)
      try {
        if (!(await store.audit.insert(entry))) throw new Error(`the id ${row.id} is taken`)
        strand.unsettled.delete(position)
      } catch (error) {
        end(strand)
        throw error
      }
    },
  }
}

/** Takes the next position: nothing may wait between this and the one before it. */
function linked(strand: Strand, row: Unlinked, vault: Vault) {
  strand.position += 1
  const { position } = strand
  strand.unsettled.add(position)
  const { mac: previous } = strand
  const link = {
    chain: strand.id,
    position,
    settled: settledIn(strand),
    ...(previous === undefined ? { known: strand.known } : { previous }),
  }
  const { stories = [] } = row
  const bare = position === 1 ? { ...row, stories: [...stories, beginnings] } : row
  const mac = macOf(vault, bare, link)
  strand.mac = mac
  return { position, entry: { ...bare, link: { ...link, mac } } }
}

function settledIn({ unsettled, position }: Strand): number {
  const [oldest = position + 1] = unsettled
  return oldest - 1
}

/** True for an entry as this house wrote it; for anything else, whatever it looks like, false. */
export function isGenuine(vault: Vault, row: StoredAuditEntry): boolean {
  try {
    return macOf(vault, row, row.link) === row.link.mac
  } catch {
    return false
  }
}

/** Over what both engines give back as it was written, in an order of its own. */
function macOf(vault: Vault, row: Unlinked, link: Omit<AuditLink, 'mac'>): string {
  const { id, version: _version, link: _link, ...fields } = row as StoredAuditEntry
  const { chain, position, settled, previous = '', known = [] } = link
  const ends = known.map((end) => [end.chain, end.position])
  return vault.mac(purpose, JSON.stringify([chain, position, settled, previous, ends, id, fields]))
}

async function knownEnds({ store, vault }: ChainTools, former: ChainEnd | undefined): Promise<ChainEnd[]> {
  const [first, last] = await Promise.all([
    store.audit.page({ where: { index: 'stories', value: beginnings }, limit: begun, descending: true }),
    store.audit.page({ limit: newest, descending: true }),
  ])
  const links = [...first.items, ...last.items].filter((row) => isGenuine(vault, row)).map(({ link }) => link)
  const furthest = new Map<string, number>()
  for (const { chain, position } of former === undefined ? links : [...links, former])
    furthest.set(chain, Math.max(position, furthest.get(chain) ?? 0))
  return [...furthest].map(([chain, position]) => ({ chain, position }))
}
