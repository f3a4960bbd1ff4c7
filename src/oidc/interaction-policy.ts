import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { type AcrNames, levelOf } from '../domain/assurance.ts'
import { mayUse } from '../domain/client.ts'
import { second } from '../domain/time.ts'
import type { IdentityDirectory } from '../ports/identity-directory.ts'
import { clientOf } from './clients.ts'
import type { OidcDependencies } from './dependencies.ts'
import { originOf } from './models.ts'
import { insistedSubjects, isStepUp, reportedAcr, satisfies, wantedAcr } from './requirement.ts'
import type { StoredSession } from './session-rows.ts'
import type { SubjectOf } from './token-policies.ts'

const { Check, Prompt } = interactionPolicy
type Policy = interactionPolicy.DefaultPolicy

export interface PolicyParts {
  readonly identities: IdentityDirectory
  readonly subjectOf: SubjectOf
  /** What relying parties call our levels. */
  readonly acr: AcrNames
  /** Whether a session does for a client. */
  readonly enough?: OidcDependencies['enough']
}

/**
 * When a person has to act before a client gets its answer, in this order: choose an account, sign in, be allowed to use the application,
 * consent. The library's own checks, and those that it leaves to us.
 */
export function createPolicy(parts: PolicyParts): Policy {
  const policy = interactionPolicy.base()
  signIn(policy, parts)
  consent(policy)
  policy.add(accountChooser(), 0)
  policy.add(access(parts.identities), 2)
  return policy
}

/** `prompt=select_account`: with nobody signed in there is nothing to choose, and the sign-in that follows is the choice. */
function accountChooser(): interactionPolicy.Prompt {
  const prompt = new Prompt({ name: 'select_account', requestable: true })
  const check = prompt.checks.get('select_account_prompt')
  if (check !== undefined) {
    check.check = ({ oidc }) =>
      oidc.session?.accountId !== undefined &&
      oidc.prompts.has('select_account') &&
      oidc.promptPending('select_account')
  }
  return prompt
}

function signIn(policy: Policy, { subjectOf, acr, enough }: PolicyParts): void {
  const login = policy.get('login')
  if (login === undefined) throw new Error('the library has no login prompt')
  const { checks } = login
  // Without it, a living session of a person who is gone or suspended ends in an error further down.
  checks.add(
    new Check('account_unavailable', 'End-User authentication is required', 'login_required', ({ oidc }) => {
      return oidc.session?.accountId !== undefined && oidc.account === undefined
    }),
    0,
  )
  // The library looks at the hint only when the request comes in, and not at who signed in then.
  checks.remove('id_token_hint')
  checks.remove('claims_id_token_sub_value')
  checks.add(
    new Check('subject', 'the requested End-User is not signed in', 'login_required', (ctx) =>
      isSomebodyElse(ctx, subjectOf),
    ),
  )
  checks.remove('essential_acrs')
  checks.remove('essential_acr')
  checks.add(
    new Check('acr', 'requested ACR could not be obtained', 'login_required', (ctx) =>
      needsStrongerSession(ctx, acr),
    ),
  )
  if (enough === undefined) return
  checks.add(
    new Check('policy', 'the policy asks for a better sign-in', 'login_required', (ctx) =>
      isTooLittle(ctx, acr, enough),
    ),
  )
}

/** OIDC Core 3.1.2.1 (`id_token_hint`) and 5.5.1 (`sub` by value). Signing in as another person again and again would not help. */
function isSomebodyElse({ oidc }: KoaContextWithOIDC, subjectOf: SubjectOf): boolean {
  const { client, params = {}, result, session } = oidc
  const insisted = insistedSubjects(params)
  if (insisted.length === 0 || client === undefined || session?.accountId === undefined) return false
  const subject = subjectOf(session.accountId, client)
  if (insisted.every((one) => one === subject)) return false
  if (result?.login !== undefined) throw new errors.LoginRequired('the requested End-User did not sign in')
  return true
}

function needsStrongerSession({ oidc }: KoaContextWithOIDC, names: AcrNames): boolean {
  const wanted = wantedAcr(oidc.params ?? {}, names)
  if (wanted === undefined || oidc.session?.accountId === undefined) return false
  const level = levelOf(oidc.session.acr ?? '') ?? 'none'
  if (satisfies(level, wanted)) {
    // The client compares strings: a stronger session is reported as what was asked for (OIDC Core 5.5.1.1).
    Object.defineProperty(oidc, 'acr', { value: reportedAcr(level, wanted), configurable: true })
    return false
  }
  if (wanted.essential && (wanted.asked.length === 0 || oidc.result?.login !== undefined)) {
    throw new errors.UnmetAuthenticationRequirements('the requested ACR could not be obtained')
  }
  // A wish never fails a request: what is asked for is tried once, and not at all where nobody may be asked.
  return (
    wanted.essential ||
    (oidc.result?.login === undefined && wanted.asked.length > 0 && !oidc.prompts.has('none'))
  )
}

/**
 * A session that was opened for another client, or before a rule was there, may be too weak or too old for this one. Whoever just answered
 * for this very request is not asked again: their process ended by the same policy, or was refused by it.
 */
async function isTooLittle(
  ctx: KoaContextWithOIDC,
  names: AcrNames,
  enough: NonNullable<PolicyParts['enough']>,
): Promise<boolean> {
  const { account, client, params = {}, result, session } = ctx.oidc
  if (session?.accountId === undefined || account === undefined || client === undefined) return false
  if (result?.login !== undefined) return false
  const { address = '', device } = ctx.state as { address?: string; device?: string }
  const credentials = originOf<StoredSession>(session)?.place?.credentials
  return !(await enough({
    identityId: session.accountId,
    clientId: client.clientId,
    level: levelOf(session.acr ?? '') ?? 'none',
    authTime: (session.loginTs ?? 0) * second,
    address,
    ...(isStepUp(params, wantedAcr(params, names)) ? { stepUp: true } : {}),
    ...(credentials === undefined ? {} : { credentials }),
    ...(device === undefined ? {} : { device }),
  }))
}

/** Asked after the sign-in, so that a person who may not use the application can still sign in as somebody who may. */
function access(identities: IdentityDirectory): interactionPolicy.Prompt {
  const membership = new Check(
    'allowed_groups',
    'the End-User may not use this client',
    'access_denied',
    async (ctx) => {
      const { session } = ctx.oidc
      const client = clientOf(ctx.oidc.client)
      if (client?.allowedGroups === undefined || session?.accountId === undefined) return false
      const identity = await identities.get(session.accountId)
      if (identity !== undefined && mayUse(identity, client)) return false
      throw new errors.AccessDenied('the End-User may not use this client')
    },
  )
  return new Prompt({ name: 'access', requestable: false }, membership)
}

function consent(policy: Policy): void {
  const prompt = policy.get('consent')
  if (prompt === undefined) throw new Error('the library has no consent prompt')
  for (const check of prompt.checks) {
    const { check: original } = check
    check.check = (ctx) => clientOf(ctx.oidc.client)?.firstParty !== true && original(ctx)
  }
  const native = prompt.checks.get('native_client_prompt')
  if (native !== undefined) native.check = impersonable
}

/** RFC 8252 8.6: whoever answers at a loopback port or private-use scheme may not be the client; a person must have seen the request. */
function impersonable({ oidc }: KoaContextWithOIDC): boolean {
  const redirectUri = String(oidc.params?.redirect_uri)
  return (
    oidc.client?.applicationType === 'native' &&
    clientOf(oidc.client)?.firstParty !== true &&
    !redirectUri.startsWith('https:') &&
    oidc.result?.consent === undefined &&
    oidc.result?.login === undefined
  )
}
