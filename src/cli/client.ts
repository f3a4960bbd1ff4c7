import { type Client, type ClientMetadata, clientName } from '../domain/client.ts'
import {
  type Command,
  list,
  type Options,
  operator,
  Refusal,
  text,
  WrongUsage,
  withServices,
} from './command.ts'
import { canRunHere, snippet } from './snippet.ts'

const shape = {
  name: { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
  'post-logout-redirect-uri': { type: 'string', multiple: true },
  scope: { type: 'string' },
  logo: { type: 'string' },
  policy: { type: 'string' },
  terms: { type: 'string' },
  metadata: { type: 'string' },
} as const

export const clientCommands: readonly Command[] = [
  {
    name: 'client create',
    options: {
      ...shape,
      public: { type: 'boolean' },
      'first-party': { type: 'boolean' },
      machine: { type: 'boolean' },
      group: { type: 'string', multiple: true },
    },
    usage:
      'client create --name NAME --redirect-uri URI… [--post-logout-redirect-uri URI…] [--public] [--first-party] [--machine] [--scope SCOPE] [--group GROUP…] [--logo URL] [--policy URL] [--terms URL] [--metadata JSON]',
    summary: 'Register a relying party; prints its id, its secret (once) and code that works.',
    async run({ toolbox, options }) {
      const machine = options.machine === true
      if (text(options, 'name') === undefined)
        throw new WrongUsage('--name is missing: how people will see the application')
      if (!machine && list(options, 'redirect-uri').length === 0)
        throw new WrongUsage('--redirect-uri is missing: where people are sent back to')
      const groups = list(options, 'group')
      return withServices(toolbox, async ({ clients, issuer }) => {
        const metadata = { ...(machine ? machineDefaults : {}), ...metadataFrom(options) }
        const created = await clients.create(
          {
            metadata:
              options.public === true ? { ...metadata, token_endpoint_auth_method: 'none' } : metadata,
            firstParty: options['first-party'] === true,
            ...(groups.length === 0 ? {} : { allowedGroups: groups }),
          },
          operator,
        )
        if (created.status !== 'created') throw new Refusal(reasons(created.reasons))
        const { client, secret } = created
        const data = {
          client_id: client.id,
          ...(secret === undefined ? {} : { client_secret: secret }),
          ...client.metadata,
        }
        return { data, text: createdText(client, secret, issuer) }
      })
    },
  },
  {
    name: 'client list',
    usage: 'client list',
    summary: 'List the relying parties.',
    run: ({ toolbox }) =>
      withServices(toolbox, async ({ clients }) => {
        const all: Client[] = []
        for (let after: string | undefined; ; ) {
          const { items, next } = await clients.list({
            limit: 500,
            ...(after === undefined ? {} : { after }),
          })
          all.push(...items)
          if (next === undefined) break
          after = next
        }
        return {
          data: all.map(shown),
          text:
            all
              .map(
                (client) =>
                  `${client.id}  ${clientName(client)}${client.state === 'disabled' ? '  (disabled)' : ''}\n`,
              )
              .join('') || 'No clients yet.\n',
        }
      }),
  },
  {
    name: 'client show',
    operands: ['client_id'],
    usage: 'client show <client_id>',
    summary: 'Show one relying party with its metadata.',
    run: ({ toolbox, operands: [id = ''] }) =>
      withServices(toolbox, async ({ clients }) => {
        const client = await clients.find(id)
        if (client === undefined) throw unknown(id)
        return { data: shown(client), text: `${JSON.stringify(shown(client), undefined, 2)}\n` }
      }),
  },
  {
    name: 'client update',
    operands: ['client_id'],
    options: { ...shape, disable: { type: 'boolean' }, enable: { type: 'boolean' } },
    usage:
      'client update <client_id> [--name NAME] [--redirect-uri URI…] [--post-logout-redirect-uri URI…] [--scope SCOPE] [--logo URL] [--policy URL] [--terms URL] [--metadata JSON] [--disable | --enable]',
    summary: 'Change what is given, keep the rest.',
    run: ({ toolbox, operands: [id = ''], options }) =>
      withServices(toolbox, async ({ clients }) => {
        const change = metadataFrom(options)
        if (Object.keys(change).length > 0)
          await applied(clients.update(id, { metadata: change }, operator), id)
        if (options.disable === true) await applied(clients.disable(id, operator), id)
        if (options.enable === true) await applied(clients.enable(id, operator), id)
        const client = await clients.find(id)
        if (client === undefined) throw unknown(id)
        return { data: shown(client), text: `Updated ${clientName(client)}.\n` }
      }),
  },
  {
    name: 'client remove',
    operands: ['client_id'],
    usage: 'client remove <client_id>',
    summary: 'Remove a relying party; its tokens stop.',
    run: ({ toolbox, operands: [id = ''] }) =>
      withServices(toolbox, async ({ clients }) => {
        await applied(clients.remove(id, operator), id)
        return { data: { client_id: id, removed: true }, text: 'Removed.\n' }
      }),
  },
  {
    name: 'client secret add',
    operands: ['client_id'],
    usage: 'client secret add <client_id>',
    summary: 'Add a further secret, so that the old one can be replaced without an outage.',
    run: ({ toolbox, operands: [id = ''] }) =>
      withServices(toolbox, async ({ clients }) => {
        const added = await clients.addSecret(id, operator)
        if (added.status !== 'added') throw refusalOf(added, id)
        return {
          data: { client_id: id, client_secret: added.secret, secret_id: added.id },
          text: `New secret (shown once): ${added.secret}\nIts id: ${added.id}\n`,
        }
      }),
  },
  {
    name: 'client secret list',
    operands: ['client_id'],
    usage: 'client secret list <client_id>',
    summary: 'List the secrets of a relying party by id, never their values.',
    run: ({ toolbox, operands: [id = ''] }) =>
      withServices(toolbox, async ({ clients }) => {
        const secrets = await clients.listSecrets(id)
        if (secrets === undefined) throw unknown(id)
        const listed = secrets.map(({ id: secretId, createdAt }) => ({
          id: secretId,
          created_at: new Date(createdAt).toISOString(),
        }))
        return {
          data: listed,
          text:
            listed.map((secret) => `${secret.id}  made ${secret.created_at}\n`).join('') || 'No secrets.\n',
        }
      }),
  },
  {
    name: 'client secret remove',
    operands: ['client_id', 'secret_id'],
    usage: 'client secret remove <client_id> <secret_id>',
    summary: 'Withdraw one secret.',
    run: ({ toolbox, operands: [id = '', secretId = ''] }) =>
      withServices(toolbox, async ({ clients }) => {
        if ((await clients.listSecrets(id))?.some((secret) => secret.id === secretId) === false)
          throw new Refusal(
            `The client '${id}' has no secret '${secretId}'. 'signet client secret list' shows all.`,
          )
        await applied(clients.removeSecret(id, secretId, operator), id)
        return { data: { client_id: id, secret_id: secretId, removed: true }, text: 'Removed.\n' }
      }),
  },
]

const machineDefaults: ClientMetadata = {
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
}

function metadataFrom(options: Options): ClientMetadata {
  const redirectUris = list(options, 'redirect-uri')
  const logoutUris = list(options, 'post-logout-redirect-uri')
  const named = {
    client_name: text(options, 'name'),
    redirect_uris: redirectUris.length > 0 ? redirectUris : undefined,
    post_logout_redirect_uris: logoutUris.length > 0 ? logoutUris : undefined,
    scope: text(options, 'scope'),
    logo_uri: text(options, 'logo'),
    policy_uri: text(options, 'policy'),
    tos_uri: text(options, 'terms'),
  }
  return {
    ...furtherMetadata(text(options, 'metadata')),
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
  }
}

function furtherMetadata(json: string | undefined): ClientMetadata {
  if (json === undefined) return {}
  try {
    const parsed: unknown = JSON.parse(json)
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as ClientMetadata
  } catch {}
  throw new WrongUsage(
    '--metadata takes a JSON object of client metadata, such as {"id_token_signed_response_alg":"ES256"}',
  )
}

function shown({ id, metadata, secrets: _, ...rest }: Client) {
  return {
    client_id: id,
    ...metadata,
    state: rest.state,
    first_party: rest.firstParty,
    allowed_groups: rest.allowedGroups,
    origin: rest.origin,
  }
}

function createdText(client: Client, secret: string | undefined, issuer: string): string {
  const head = [
    `Registered ${clientName(client)}.`,
    '',
    `  client_id      ${client.id}`,
    ...(secret === undefined ? [] : [`  client_secret  ${secret}   (shown only now)`]),
    '',
  ]
  return `${[...head, nextStep(client, secret, issuer)].join('\n')}\n`
}

function nextStep(client: Client, secret: string | undefined, issuer: string): string {
  const redirectUri = client.metadata.redirect_uris?.[0]
  if (redirectUri !== undefined && canRunHere(redirectUri))
    return `This is a whole application; paste it into an empty folder:\n\n${snippet({ issuer, clientId: client.id, secret, redirectUri })}`
  if (redirectUri === undefined && secret !== undefined)
    return `Keep the secret in a file; this gets an access token:\n\n  curl --user "${client.id}:$(cat client-secret)" ${issuer}/token --data grant_type=client_credentials`
  return `All endpoints are in ${issuer}/.well-known/openid-configuration; docs/first-application.md shows how to use them.`
}

interface Outcome {
  readonly status: string
  readonly reasons?: readonly string[]
}

async function applied(change: Promise<Outcome>, id: string): Promise<void> {
  const outcome = await change
  if (outcome.status !== 'done') throw refusalOf(outcome, id)
}

/** Whoever stops an application in a hurry must not read that it was done when it was not. */
function refusalOf({ status, reasons: why = [] }: Outcome, id: string): Refusal {
  if (status === 'unknown') return unknown(id)
  if (status === 'declared')
    return new Refusal(
      `The client '${id}' is declared in the configuration or built in: change it there and restart. Nothing was done.`,
    )
  return new Refusal(reasons(why))
}

function unknown(id: string): Refusal {
  return new Refusal(`There is no client '${id}'. 'signet client list' shows all.`)
}

function reasons(all: readonly string[]): string {
  return `Not done: ${all.join('; ')}.`
}
