import type { AuditEntry } from '../domain/audit-event.ts'
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
]

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
