import { displayName, type Identity, mailAddress } from '../../domain/identity.ts'
import { Problem } from '../../domain/problem.ts'
import type { Interaction } from '../../oidc/index.ts'
import type { Form } from '../../ports/factor.ts'
import { claimPermission, isPersonal, type Permission, scopePermission } from '../consent-words.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { Translate } from '../language.ts'
import type { Found, FoundHandler } from './found.ts'

type Asked = Interaction['asked']

interface Line extends Permission {
  /** Name of the checkbox; absent for what cannot be unticked. */
  readonly field: string | undefined
}

interface Group {
  readonly heading: string
  readonly lines: readonly Line[]
}

export interface ConsentPages {
  readonly show: FoundHandler
  readonly decide: FoundHandler
}

/** Asks in sentences for what was not decided before; what may be refused is a ticked box. */
export function createConsentPages(deps: AppDependencies): ConsentPages {
  const { oidc, web } = deps

  async function show({ ctx, interaction, application, sources, base }: Found): Promise<void> {
    const t = web.words.translate(ctx.state.language)
    const person = await identityOf(deps, interaction)
    web.render(ctx, {
      view: 'interaction/consent',
      title: t('consent.title'),
      sources,
      values: {
        application,
        base,
        person: person === undefined ? '' : (mailAddress(person)?.written ?? displayName(person)),
        groups: groupsOf(interaction.asked, t),
        sendsTo: interaction.sendsTo,
      },
    })
  }

  async function decide(found: Found): Promise<void> {
    const { ctx, interaction } = found
    const { form } = ctx.state
    if (form.decision === 'deny') return oidc.interactions.refuse(ctx as never, interaction, 'access_denied')
    if (form.decision !== 'allow') throw new Problem('bad-form')
    await oidc.interactions.consent(ctx as never, interaction, answerOf(interaction.asked, form))
  }

  return { show, decide }
}

export async function identityOf(
  { identities }: Pick<AppDependencies, 'identities'>,
  { session }: Interaction,
): Promise<Identity | undefined> {
  return session === undefined ? undefined : identities.get(session.identityId)
}

/** Everything asked for, without what was unticked. The form cannot add to it. */
function answerOf(asked: Asked, form: Form) {
  const ticked = (field: string) => form[field] !== undefined
  return {
    scopes: asked.scopes
      .filter(({ name, optional }) => !optional || ticked(scopeField(name)))
      .map(({ name }) => name),
    claims: asked.claims.filter((name) => ticked(claimField(name))),
    resources: Object.fromEntries(
      asked.resources.map(({ indicator, scopes }, index) => [
        indicator,
        scopes.filter((scope) => ticked(resourceField(index, scope))),
      ]),
    ),
  }
}

const scopeField = (name: string) => `scope.${name}`
const claimField = (name: string) => `claim.${name}`
const resourceField = (index: number, scope: string) => `resource.${index}.${scope}`

function groupsOf(asked: Asked, t: Translate): readonly Group[] {
  const line = ({ name, optional }: Asked['scopes'][number]): Line => ({
    ...scopePermission(name, t),
    field: optional ? scopeField(name) : undefined,
  })
  const you = asked.scopes.filter(({ name }) => isPersonal(name)).map(line)
  const claims = asked.claims.map((name) => ({
    ...claimPermission(name, t),
    field: claimField(name),
  }))
  const access = asked.scopes.filter(({ name }) => !isPersonal(name)).map(line)
  const resources = asked.resources.map(({ name, scopes }, index) => ({
    heading: t('consent.groups.resource', { resource: name }),
    lines: scopes.map((scope) => ({
      ...scopePermission(scope, t),
      field: resourceField(index, scope),
    })),
  }))
  return [
    { heading: t('consent.groups.you'), lines: [...you, ...claims] },
    { heading: t('consent.groups.access'), lines: access },
    ...resources,
  ].filter(({ lines }) => lines.length > 0)
}
