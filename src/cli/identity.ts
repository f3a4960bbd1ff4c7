import type { Claims } from '../domain/claims.ts'
import type { IdentifierKind } from '../domain/identifier.ts'
import { displayName, type Identity } from '../domain/identity.ts'
import {
  type Command,
  list,
  type Options,
  operator,
  Refusal,
  type Services,
  text,
  WrongUsage,
  withServices,
} from './command.ts'
import { importIdentities } from './import.ts'

export const identityCommands: readonly Command[] = [
  {
    name: 'identity create',
    options: {
      email: { type: 'string' },
      'email-verified': { type: 'boolean' },
      name: { type: 'string' },
      username: { type: 'string' },
      phone: { type: 'string' },
      'phone-verified': { type: 'boolean' },
      group: { type: 'string', multiple: true },
      administrator: { type: 'boolean' },
      reviewer: { type: 'boolean' },
      'password-stdin': { type: 'boolean' },
    },
    usage:
      'identity create --email ADDRESS [--email-verified] [--name NAME] [--username NAME] [--phone NUMBER [--phone-verified]] [--group GROUP…] [--administrator] [--reviewer] [--password-stdin]',
    summary: 'Create a person, with a password from standard input or an invitation link.',
    async run({ toolbox, options, terminal }) {
      if (text(options, 'email') === undefined) throw new WrongUsage('--email is missing')
      const secret = options['password-stdin'] === true ? await terminal.readInput() : undefined
      return withServices(toolbox, async (services) => {
        const identity = await create(services, options, secret === undefined ? 'invited' : 'active')
        if (secret !== undefined) {
          await enrolOrUndo(services, identity, secret)
          return { data: answerFor(identity), text: `Created ${displayName(identity)}: ${identity.id}\n` }
        }
        const { link } = await services.links.invite(identity.id, operator, {
          language: 'en',
        })
        return {
          data: { ...answerFor(identity), invitation: link },
          text: `Created ${displayName(identity)}: ${identity.id}\nTheir invitation, which sets a password (also sent by mail): ${link}\n`,
        }
      })
    },
  },
  {
    name: 'identity import',
    usage: 'identity import < people.jsonl',
    summary: 'Create many people from JSON lines on standard input, with argon2 hashes if you have them.',
    async run({ toolbox, terminal }) {
      const lines = (await terminal.readInput()).split('\n')
      const report = await withServices(toolbox, (services) => importIdentities(services, lines))
      for (const fault of report.faults) terminal.warn(`line ${fault.line}: ${fault.reason}`)
      if (report.faults.length > 0)
        throw new Refusal(`Imported ${report.created}, refused ${report.faults.length}.`)
      return { data: report, text: `Imported ${report.created} people.\n` }
    },
  },
  {
    name: 'identity list',
    options: { search: { type: 'string' }, after: { type: 'string' }, limit: { type: 'string' } },
    usage: 'identity list [--search BEGINNING] [--limit N] [--after ID]',
    summary: 'List people; --search finds the beginning of an address, number or username.',
    async run({ toolbox, options }) {
      const limit = Number(text(options, 'limit') ?? 50)
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
        throw new WrongUsage('--limit takes a number from 1 to 1000')
      const [search, after] = [text(options, 'search'), text(options, 'after')]
      return withServices(toolbox, async ({ identities }) => {
        const page = await identities.list({
          limit,
          ...(search === undefined ? {} : { search }),
          ...(after === undefined ? {} : { after }),
        })
        return {
          data: { items: page.items.map(shown), next: page.next },
          text:
            page.items
              .map((identity) => `${identity.id}  ${identity.state.padEnd(9)}  ${displayName(identity)}\n`)
              .join('') || 'Nobody yet.\n',
        }
      })
    },
  },
  {
    name: 'identity show',
    operands: ['id-or-identifier'],
    usage: 'identity show <id or address>',
    summary: 'Show one person.',
    run: ({ toolbox, operands: [who = ''] }) =>
      withServices(toolbox, async (services) => {
        const identity = await find(services, who)
        return { data: shown(identity), text: `${JSON.stringify(shown(identity), undefined, 2)}\n` }
      }),
  },
  reviewing(true, 'Let a person judge recovery cases of others.'),
  reviewing(false, 'Let a person judge no recovery cases any more.'),
  transition('suspend', 'Stop a person from signing in, and end every session and token, until restored.'),
  transition('restore', 'Let a suspended person sign in again.'),
  transition('remove', 'Delete a person: personal data is erased, the id is never used again.'),
]

function reviewing(held: boolean, summary: string): Command {
  return ofPerson(held ? 'reviewer add' : 'reviewer remove', summary, async ({ identities }, identity) => {
    const role = { name: 'reviewer', held } as const
    const updated = await identities.update(identity.id, { role }, operator)
    if (updated.status !== 'updated') throw new Refusal(`${displayName(identity)} is not there any more.`)
    const { roles } = updated.identity
    return {
      data: { id: identity.id, roles },
      text: `${displayName(identity)} is ${held ? 'a reviewer now' : 'no reviewer any more'}.\n`,
    }
  })
}

function transition(verb: 'suspend' | 'restore' | 'remove', summary: string): Command {
  return ofPerson(verb, summary, async ({ identities }, identity) => {
    const outcome = await identities[verb](identity.id, operator)
    if (outcome.status !== 'done')
      throw new Refusal(`${displayName(identity)} is ${identity.state}: that cannot be done.`)
    return {
      data: { id: identity.id, state: outcome.identity.state },
      text: `${displayName(identity)} is ${outcome.identity.state} now.\n`,
    }
  })
}

/** Something that is done to one person, and needs no options. */
function ofPerson(
  verb: string,
  summary: string,
  act: (services: Services, identity: Identity) => Promise<{ data: unknown; text: string }>,
): Command {
  return {
    name: `identity ${verb}`,
    operands: ['id-or-identifier'],
    usage: `identity ${verb} <id or address>`,
    summary,
    run: ({ toolbox, operands: [who = ''] }) =>
      withServices(toolbox, async (services) => act(services, await find(services, who))),
  }
}

async function create(
  { identities }: Services,
  options: Options,
  state: 'invited' | 'active',
): Promise<Identity> {
  const given = (kind: IdentifierKind) => ({
    kind,
    written: text(options, kind),
    verified: options[`${kind}-verified`] === true,
  })
  const identifiers = [given('email'), given('phone'), given('username')].flatMap(({ written, ...rest }) =>
    written === undefined ? [] : [{ written, ...rest }],
  )
  const name = text(options, 'name')
  const claims: Claims = name === undefined ? {} : { name }
  const roles = (['administrator', 'reviewer'] as const).filter((role) => options[role] === true)
  const created = await identities.create(
    { identifiers, claims, groups: list(options, 'group'), roles, state },
    operator,
  )
  if (created.status === 'created') return created.identity
  throw new Refusal(
    created.status === 'taken'
      ? `Somebody has this ${created.kind} already.`
      : `This ${created.kind} is not valid.`,
  )
}

/** A refused password must not leave a person without one behind. */
async function enrolOrUndo(
  { enrolments, factors, identities }: Services,
  identity: Identity,
  secret: string,
): Promise<void> {
  const factor = factors.find((candidate) => candidate.resettable)
  if (factor === undefined) throw new Refusal('No factor that could be set from here is switched on.')
  const visit = { address: 'command-line', language: 'en', userAgent: 'signet' }
  const enrolled = await enrolments.finish(identity.id, factor.name, { password: secret }, visit, {
    by: operator,
  })
  if (enrolled.status === 'enrolled') return
  await identities.discard(identity.id, operator)
  const limits = Object.entries(enrolled.values ?? {}).map(([name, value]) => `${name} ${value}`)
  throw new Refusal(
    `The password was refused (${[enrolled.reason, ...limits].join(', ')}); nobody was created.`,
  )
}

async function find({ identities }: Services, who: string): Promise<Identity> {
  const identity = (await identities.get(who)) ?? (await identities.findByIdentifier('any', who))
  if (identity === undefined)
    throw new Refusal(`There is nobody with '${who}'. 'signet identity list' shows all.`)
  return identity
}

function answerFor(identity: Identity) {
  return { id: identity.id, sub: identity.id }
}

function shown({ id, state, identifiers, claims, groups, roles, createdAt, deletion }: Identity) {
  return {
    id,
    sub: id,
    state,
    identifiers,
    ...claims,
    groups,
    roles,
    created_at: new Date(createdAt).toISOString(),
    ...(deletion === undefined ? {} : { deleted_at: new Date(deletion.dueAt).toISOString() }),
  }
}
