import type { AuditFault, AuditVerdict } from '../ports/audit-log.ts'
import type { StoredAuditEntry } from '../ports/audit-row.ts'
import type { Store } from '../ports/store.ts'
import type { Vault } from '../ports/vault.ts'
import { isGenuine } from './chain.ts'

interface VerificationTools {
  readonly store: Pick<Store, 'audit'>
  readonly vault: Vault
}

/** Positions of one chain that were not found; `by` is the entry that shows it. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly by: string
}

/** How far the walk came in one chain. */
interface Progress {
  /** Genuine ones. */
  entries: number
  position: number
  /** Of the entry at `position`; undefined when that one was altered. */
  mac: string | undefined
  /** Passed over, and no entry so far says that they were stored. */
  gaps: Gap[]
  /** How far another chain knew this one to go. */
  named?: { readonly position: number; readonly by: string }
}

const pageSize = 500
const told = 20
// Further ones are counted, and not looked for again.
const remembered = 100

/** The walk behind `AuditProof.verify`. */
export async function verifyChains(tools: VerificationTools, noted?: string): Promise<AuditVerdict> {
  const chains = new Map<string, Progress>()
  const missing: (Gap & { readonly chain: string })[] = []
  const faults: AuditFault[] = []
  let [altered, lost] = [0, 0]
  let newest: string | undefined
  let isThere = noted === undefined

  function progressOf(chain: string): Progress {
    const known = chains.get(chain)
    if (known !== undefined) return known
    const fresh = { entries: 0, position: 0, mac: undefined, gaps: [] }
    chains.set(chain, fresh)
    return fresh
  }

  function broken(id: string, fault: 'altered' | 'foreign'): void {
    altered += 1
    if (faults.length < told) faults.push({ id, fault })
  }

  function isMissing(chain: string, gap: Gap): void {
    if (missing.length < remembered) missing.push({ chain, ...gap })
    else lost += 1
  }

  for await (const row of entriesOf(tools.store)) {
    newest = row.id
    if (row.id === noted) isThere = true
    const { link } = row
    if (typeof link?.chain !== 'string') {
      broken(row.id, 'foreign')
      continue
    }
    if (!isGenuine(tools.vault, row)) {
      broken(row.id, 'altered')
      standIn(link.position === 1 ? progressOf(link.chain) : chains.get(link.chain), link.position)
      continue
    }
    const progress = progressOf(link.chain)
    if (!follows(progress, row)) {
      broken(row.id, 'altered')
      continue
    }
    progress.entries += 1
    for (const gap of advance(progress, row)) isMissing(link.chain, gap)
    for (const { chain, position } of link.known ?? []) {
      const other = progressOf(chain)
      if (position > (other.named?.position ?? 0)) other.named = { position, by: row.id }
    }
  }

  for (const [chain, progress] of chains) for (const gap of cutOff(progress)) isMissing(chain, gap)
  // Written while we walked, by a process whose clock is behind, they came after us.
  const stillMissing = missing.length === 0 ? [] : await lookAgain(tools, missing)
  faults.push(...stillMissing.map(({ by, ...gap }) => ({ id: by, fault: 'missing' as const, ...gap })))
  if (noted !== undefined && !isThere) faults.unshift({ id: noted, fault: 'gone' })
  const walked = [...chains.values()].filter(({ entries }) => entries > 0)
  return {
    entries: walked.reduce((sum, { entries }) => sum + entries, 0),
    chains: walked.length,
    unconfirmed: walked.flatMap(({ gaps }) => gaps).reduce((sum, { from, to }) => sum + to - from + 1, 0),
    broken: altered + stillMissing.length + lost + (isThere ? 0 : 1),
    faults: faults.slice(0, told),
    ...(newest === undefined ? {} : { newest }),
  }
}

/** Oldest first. */
async function* entriesOf({ audit }: Pick<Store, 'audit'>): AsyncGenerator<StoredAuditEntry> {
  let after: string | undefined
  do {
    const page = await audit.page({ limit: pageSize, ...(after === undefined ? {} : { after }) })
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

/** What was altered in its place is not missing as well. */
function standIn(progress: Progress | undefined, position: number): void {
  if (progress === undefined || position !== progress.position + 1) return
  progress.position = position
  progress.mac = undefined
}

/** Whoever has the key writes each position once, in order: this fails only for entries of somebody who has it too. */
function follows({ position, mac }: Progress, { link }: StoredAuditEntry): boolean {
  if (mac === undefined) return link.position >= Math.max(position, 1)
  return link.position === position + 1 ? link.previous === mac : link.position > position
}

/** Goes on to a genuine entry; answers what it says was stored and is not there. */
function advance(progress: Progress, { id, link }: StoredAuditEntry): Gap[] {
  const { position, settled, mac } = link
  if (position > progress.position + 1)
    progress.gaps.push({ from: progress.position + 1, to: position - 1, by: id })
  progress.position = position
  progress.mac = mac
  const found = progress.gaps.flatMap((gap) =>
    gap.from > settled ? [] : [{ ...gap, to: Math.min(gap.to, settled) }],
  )
  progress.gaps = progress.gaps.flatMap((gap) =>
    gap.to <= settled ? [] : [{ ...gap, from: Math.max(gap.from, settled + 1) }],
  )
  return found
}

/** What another chain knew to be there and is not: beyond the end that was found, or passed over. */
function cutOff({ position, gaps, named }: Progress): Gap[] {
  if (named === undefined) return []
  const { by } = named
  if (named.position > position) return [{ from: position + 1, to: named.position, by }]
  const passedOver = gaps.some(({ from, to }) => from <= named.position && named.position <= to)
  return passedOver ? [{ from: named.position, to: named.position, by }] : []
}

/** Those of the gaps that a second walk does not fill. */
async function lookAgain<G extends Gap & { readonly chain: string }>(
  tools: VerificationTools,
  gaps: readonly G[],
): Promise<G[]> {
  const open = new Map(gaps.map((gap) => [gap, gap.to - gap.from + 1]))
  for await (const row of entriesOf(tools.store)) {
    if (open.size === 0) break
    const { chain, position } = row.link ?? {}
    for (const [gap, count] of open) {
      const within = gap.chain === chain && gap.from <= position && position <= gap.to
      if (!within || !isGenuine(tools.vault, row)) continue
      if (count === 1) open.delete(gap)
      else open.set(gap, count - 1)
    }
  }
  return [...open.keys()]
}
