import { z } from 'zod'
import { flag, list, text, word } from './values.ts'

const scopeName = text('a scope name without spaces', (value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value))

/** One API, beneath `resources`. */
export const resource = z.strictObject(
  {
    name: text('text').optional().describe('what people read on the consent page; the indicator if absent'),
    scopes: list(scopeName, 'a list of scope names').default([]).describe('what can be asked for'),
    access_token_format: word(['jwt', 'opaque'])
      .default('jwt')
      .describe('a JWT lives for `lifetimes.access_token_jwt`; an opaque token can be revoked at once'),
    access_token_alg: word(['ES256', 'RS256', 'EdDSA'])
      .optional()
      .describe('what its JWTs are signed with, one of `keys.algorithms`; the first of those if absent'),
    introspected_by: list(text('a client_id'), 'a list of client ids')
      .optional()
      .describe('the clients as which this API may look up (introspect) tokens made for it'),
  },
  'a map with name, scopes, access_token_format, access_token_alg and introspected_by',
)

/** One of `clients`. */
export const client = z.strictObject(
  {
    id: text('a client_id: printable characters without spaces', (id) =>
      /^[\x21-\x7e]{1,128}$/.test(id),
    ).describe('the `client_id`'),
    name: text('text').optional().describe('what people read; the `client_id` if absent'),
    redirect_uris: list(text('an absolute URI'), 'a list of URIs')
      .default([])
      .describe('where answers may go, compared exactly'),
    secret_file: text('the name of a file')
      .optional()
      .describe(
        'a file that holds the client secret, 32 characters or more; without it the client is public',
      ),
    first_party: flag.default(false).describe('people are not asked for consent'),
    allowed_groups: list(text('the name of a group'), 'a list of groups')
      .optional()
      .describe('only members of one of these may sign in'),
    pkce_exempt: flag.default(false).describe('a confidential client without PKCE; it must send a nonce'),
    metadata: z
      .record(z.string(), z.unknown(), 'a map of OpenID client metadata')
      .default({})
      .describe('further client metadata by its registered name (OpenID Connect Registration, RFC 7591)'),
  },
  'a map with id, name, redirect_uris …',
)

/** Two of `clients` must not have one id. */
export function withoutTwins(clients: readonly { readonly id: string }[], context: z.RefinementCtx): void {
  const ids = new Set<string>()
  for (const [at, { id }] of clients.entries()) {
    const message = 'an id that no other client has'
    if (ids.has(id)) context.addIssue({ code: 'custom', message, path: [at, 'id'] })
    ids.add(id)
  }
}
