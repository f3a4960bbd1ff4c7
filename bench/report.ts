import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import type { FloodResult } from './flood.ts'
import { median, type Sample } from './load.ts'
import type { Options } from './options.ts'
import { type Pending, pendingCount } from './pending.ts'
import type { PortalPage } from './portal.ts'
import { much } from './portal-seed.ts'
import { canPin } from './processes.ts'
import type { Scenario } from './scenarios.ts'

export interface Pair<T> {
  readonly bare: T
  readonly signet: T
}

export interface Start {
  readonly readyAfter: number
  readonly resident: number
  readonly family: number
}

/** What the server with this name did under guesses of one kind. */
export interface Flooded {
  readonly title: string
  readonly name: 'bare' | 'Signet'
  readonly rounds: readonly FloodResult[]
}

export interface Results {
  readonly scenarios: readonly { readonly scenario: Scenario; readonly samples: Pair<Sample> }[]
  /** P3 with a passkey, by how many ways the people have. */
  readonly enrolled: { readonly one: Sample; readonly ten: Sample } | undefined
  readonly floods: readonly Flooded[] | undefined
  /** P10. */
  readonly pending: Pending | undefined
  /** P12. */
  readonly portal: readonly PortalPage[] | undefined
  readonly starts: Pair<readonly Start[]> | undefined
  /** CPU milliseconds of one password hash in this run. */
  readonly hash: number
}

/** The results as markdown tables. */
export function report(results: Results, options: Options): string {
  return [
    conditions(results, options),
    ...(results.scenarios.length === 0 ? [] : [speedTable(results.scenarios)]),
    ...(results.enrolled === undefined ? [] : [enrolledTable(results.enrolled)]),
    ...(results.floods === undefined ? [] : [floodTable(results.floods)]),
    ...(results.pending === undefined ? [] : [pendingTable(results.pending)]),
    ...(results.starts === undefined ? [] : [startTable(results.starts)]),
    ...(results.portal === undefined ? [] : [portalTable(results.portal)]),
  ].join('\n\n')
}

function conditions({ hash }: Results, { rounds, seconds, storage, seed }: Options): string {
  const store = storage?.startsWith('mongodb') ? 'MongoDB' : 'SQLite'
  const pinned = canPin() ? 'server on one core, load from another' : 'not pinned to cores'
  const beside =
    seed === 0 ? 'a small database' : `${seed.toLocaleString('en')} people and sessions beside them`
  return [
    `Node ${process.versions.node} on a shared machine with ${cpus().length} cores (${pinned}).`,
    `Signet on ${store} with ${beside}; medians of ${rounds} rounds of ${seconds} s.`,
    `One password hash took ${hash.toFixed(1)} ms of CPU time.`,
  ].join('\n')
}

function speedTable(rows: Results['scenarios']): string {
  return table(
    [
      '',
      'what',
      'bare, CPU ms',
      'Signet, CPU ms',
      'ratio',
      'first target',
      'bare/s',
      'Signet/s',
      'Signet p50, ms',
      'p99, ms',
    ],
    rows.map(({ scenario, samples: { bare, signet } }) => [
      scenario.id,
      scenario.title,
      bare.cpu.toFixed(3),
      signet.cpu.toFixed(3),
      mark((signet.cpu / bare.cpu).toFixed(2), signet.cpu / bare.cpu <= scenario.target),
      `≤ ${scenario.target}`,
      bare.perSecond.toFixed(0),
      signet.perSecond.toFixed(0),
      signet.p50.toFixed(1),
      signet.p99.toFixed(1),
    ]),
  )
}

function enrolledTable({ one, ten }: NonNullable<Results['enrolled']>): string {
  const row = (ways: string, { cpu, perSecond, p50, p99 }: Sample) => [
    ways,
    cpu.toFixed(3),
    (cpu / one.cpu).toFixed(2),
    perSecond.toFixed(0),
    p50.toFixed(1),
    p99.toFixed(1),
  ]
  return `P3, a whole sign-in at Signet with a passkey, by how many ways to prove themselves the people have:\n\n${table(
    ['enrolled', 'CPU ms', 'ratio', 'per second', 'p50, ms', 'p99, ms'],
    [row('1', one), row('10', ten)],
  )}`
}

function floodTable(floods: readonly Flooded[]): string {
  const row = ({ title, name, rounds }: Flooded) => {
    const [alone, flooded] = (['alone', 'flooded'] as const).map((when) =>
      median(rounds.map((one) => one[when].p99)),
    )
    const answers = rounds.flatMap((one) => Object.entries(one.answers))
    const statuses = [...new Set(answers.map(([status]) => status))].sort()
    const total = answers.reduce((sum, [, count]) => sum + count, 0)
    const share = (status: string) => {
      const count = answers.filter(([one]) => one === status).reduce((sum, [, each]) => sum + each, 0)
      return `${status}: ${((count / total) * 100).toFixed(0)} %`
    }
    const ratio = (flooded ?? 0) / (alone ?? 1)
    return [
      title,
      name,
      (alone ?? 0).toFixed(1),
      (flooded ?? 0).toFixed(1),
      name === 'Signet' ? mark(ratio.toFixed(2), ratio < 2) : ratio.toFixed(2),
      statuses.map(share).join(', '),
    ]
  }
  return `P9, client_credentials (JWT ES256) while 200 wrong answers a second arrive:\n\n${table(
    [
      'wrong',
      'at',
      'p99 alone, ms',
      'p99 in the flood, ms',
      'ratio (target < 2)',
      'how the flood was answered',
    ],
    floods.map(row),
  )}`
}

function pendingTable({ scenarios, idle, outage }: Pending): string {
  const count = pendingCount.toLocaleString('en')
  const rows = scenarios.map(({ scenario, samples: { without, pending } }) => [
    scenario.id,
    scenario.title,
    without.cpu.toFixed(3),
    pending.cpu.toFixed(3),
    mark((pending.cpu / without.cpu).toFixed(2), pending.cpu / without.cpu <= 1.3),
    without.perSecond.toFixed(0),
    pending.perSecond.toFixed(0),
    without.p99.toFixed(1),
    pending.p99.toFixed(1),
  ])
  const { meanwhile, afterwards } = outage
  const due = [
    [`until all ${count} are ready`, `${outage.ready.toFixed(0)} s`],
    ['until the last mail is sent', `${outage.told.toFixed(0)} s`],
    ['one of them with its mails, CPU', `${outage.each.toFixed(1)} ms`],
    ['the longest that a mail waits', `${outage.mailWaited.toFixed(1)} s`],
    ['tokens (P2) meanwhile, per second', meanwhile.perSecond.toFixed(0)],
    ['afterwards', afterwards.perSecond.toFixed(0)],
    ['p99 meanwhile', `${meanwhile.p99.toFixed(1)} ms, at worst ${outage.worst.toFixed(1)} ms`],
    ['p99 afterwards', `${afterwards.p99.toFixed(1)} ms`],
  ]
  return [
    `P10, Signet with ${count} people, without and with a recovery of each that is due in a day (target: ≤ 1.3):`,
    table(
      ['', 'what', 'without, CPU ms', 'with, CPU ms', 'ratio', 'without/s', 'with/s', 'p99, ms', 'with, ms'],
      rows,
    ),
    `With nothing to do it took ${idle.without.toFixed(0)} ms of CPU time a minute without them, ${idle.pending.toFixed(0)} ms with them.`,
    `All ${count} due at once, at the start, while the server is kept busy with tokens:`,
    table(['', ''], due),
  ].join('\n\n')
}

function startTable(starts: Pair<readonly Start[]>): string {
  const figure = (all: readonly Start[], name: keyof Start) => median(all.map((start) => start[name]))
  const row = (name: string, all: readonly Start[]) => [
    name,
    figure(all, 'readyAfter').toFixed(0),
    figure(all, 'resident').toFixed(0),
    figure(all, 'family').toFixed(0),
  ]
  return `P11, start and rest (targets: < 1000 ms, < 120 MiB):\n\n${table(
    ['', 'start to ready, ms', 'memory of the server, MiB (RSS)', 'with its children, MiB (PSS)'],
    [row('bare', starts.bare), row('Signet', starts.signet)],
  )}`
}

function portalTable(pages: readonly PortalPage[]): string {
  const { sessions, applications, entries } = much
  const rows = pages.map(({ title, much, little }) => [
    title,
    little.onCore.p50.toFixed(1),
    much.onCore.p50.toFixed(1),
    (much.onCore.p50 / little.onCore.p50).toFixed(2),
    mark(much.onCore.p95.toFixed(1), much.onCore.p95 < 50),
    much.p50.toFixed(1),
    much.p95.toFixed(1),
  ])
  return `P12, pages of the portal, one at a time: somebody with hardly anything beside somebody with ${sessions} sessions, ${applications} applications and ${entries.toLocaleString('en')} entries in the activity (and as many that are told to nobody):\n\n${table(
    [
      'page',
      'little, CPU ms',
      'much, CPU ms',
      'ratio',
      'much, CPU ms, p95 (target < 50)',
      'waited, p50, ms',
      'p95, ms',
    ],
    rows,
  )}`
}

/** What misses its target stands out. */
function mark(text: string, reached: boolean): string {
  return reached ? text : `**${text}**`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const file = resolve(import.meta.dirname, '../docs/performance.md')
const [begin, end] = ['<!-- measured -->', '<!-- /measured -->']

/** Puts the tables between their two marks in docs/performance.md. */
export function writeReport(text: string): void {
  const before = readFileSync(file, 'utf8')
  const [from, to] = [before.indexOf(begin), before.indexOf(end)]
  if (from < 0 || to < 0) throw new Error(`docs/performance.md has no ${begin} … ${end}`)
  writeFileSync(file, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`)
}
