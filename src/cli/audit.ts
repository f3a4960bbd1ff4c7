import type { AuditEntry } from '../domain/audit-event.ts'
import type { AuditFault, AuditVerdict } from '../ports/audit-log.ts'
import { type Command, text, WrongUsage, withServices } from './command.ts'

export const auditCommands: readonly Command[] = [
  {
    name: 'audit list',
    options: {
      identity: { type: 'string' },
      client: { type: 'string' },
      action: { type: 'string' },
      after: { type: 'string' },
      limit: { type: 'string' },
    },
    usage: 'audit list [--identity ID] [--client ID] [--action NAME] [--limit N] [--after ID]',
    summary: 'What happened, newest first.',
    async run({ toolbox, options }) {
      const limit = Number(text(options, 'limit') ?? 50)
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
        throw new WrongUsage('--limit takes a number from 1 to 1000')
      const filters = {
        identityId: text(options, 'identity'),
        clientId: text(options, 'client'),
        action: text(options, 'action'),
        after: text(options, 'after'),
      }
      const given = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined))
      return withServices(toolbox, async ({ audit }) => {
        const { items, next } = await audit.list({ ...given, limit })
        return { data: { items, next }, text: items.map(line).join('') || 'Nothing was recorded.\n' }
      })
    },
  },
  {
    name: 'audit verify',
    options: { noted: { type: 'string' } },
    usage: 'audit verify [--noted ID]',
    summary:
      'Check that no entry was changed, added or removed. --noted: the newest one of an earlier check.',
    run: ({ toolbox, options }) =>
      withServices(toolbox, async ({ audit }) => {
        const noted = text(options, 'noted')
        const verdict = await audit.verify(noted === undefined ? {} : { noted })
        const lines = [summaryOf(verdict), ...verdict.faults.map(faultLine)]
        return { data: verdict, text: lines.join(''), ...faultOf(verdict) }
      }),
  },
]

function summaryOf({ entries, chains, unconfirmed, newest }: AuditVerdict): string {
  const lines = [
    `${entries} ${entries === 1 ? 'entry' : 'entries'} in ${chains} ${chains === 1 ? 'chain' : 'chains'} as they were written.`,
    newest !== undefined && `The newest: ${newest}`,
    unconfirmed > 0 &&
      `Not there, and perhaps never stored (a process died, or the store failed, while they were written): ${unconfirmed}.`,
  ]
  return lines.map((one) => (one ? `${one}\n` : '')).join('')
}

function faultLine({ id, fault, chain, from, to }: AuditFault): string {
  if (fault === 'altered') return `altered   ${id}\n`
  if (fault === 'foreign') return `foreign   ${id}  (not written by Signet)\n`
  if (fault === 'gone') return `gone      ${id}  (noted earlier)\n`
  const which = from === to ? `entry ${from}` : `entries ${from} to ${to}`
  return `missing   ${which} of chain ${chain}, which ${id} shows to have been there\n`
}

function faultOf({ broken, faults: [first] }: AuditVerdict): { fault?: string } {
  if (broken === 0) return {}
  const others = broken === 1 ? '' : `, the first of ${broken} faults`
  const found =
    first?.fault === 'missing' ? `${first.id} shows that some are missing` : `${first?.id} is ${first?.fault}`
  return { fault: `The audit is not as it was written: ${found}${others}.` }
}

function line(entry: AuditEntry): string {
  const who = [entry.actor.kind, entry.actor.id].filter(Boolean).join(' ')
  const about = [
    entry.identityId && `identity ${entry.identityId}`,
    entry.clientId && `client ${entry.clientId}`,
    entry.reason,
  ]
    .filter(Boolean)
    .join(', ')
  return `${new Date(entry.at).toISOString()}  ${entry.action.padEnd(32)} ${entry.result.padEnd(8)} by ${who}${about ? `  (${about})` : ''}\n`
}
