import type { Identifier } from '../../domain/identifier.ts'
import { Problem } from '../../domain/problem.ts'
import type { AddressKind } from '../../identities/address-proofs.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { inSeconds, inWords } from '../moments.ts'
import { actorOf, type SignedIn, type SignedInHandler } from '../session.ts'
import { signedInVisit } from '../visit.ts'
import { identifierShown } from './home.ts'
import type { Portal } from './portal.ts'

export interface IdentifierPages {
  readonly show: SignedInHandler
  readonly begin: SignedInHandler
  readonly showCode: SignedInHandler
  readonly confirm: SignedInHandler
  readonly again: SignedInHandler
  readonly remove: SignedInHandler
  /** Where whoever had to sign in once more on the way comes back to. */
  readonly backToForm: SignedInHandler
  readonly backToCode: SignedInHandler
}

type Kind = AddressKind | 'username'

interface Mistake {
  readonly status?: number
  /** About what was typed. */
  readonly field?: string
  /** About a code that is no good any more. */
  readonly notice?: string
  /** About what cannot be removed. */
  readonly removal?: string
}

const invalid = 422

/**
 * The e-mail address and the phone number: added, replaced by another once a code that was sent there proves it (S35), removed. And the username, which
 * needs no code.
 */
export function createIdentifierPages(deps: AppDependencies, portal: Portal): IdentifierPages {
  const { addresses, web, clock } = deps
  const translate = ({ ctx }: SignedIn) => web.words.translate(ctx.state.language)

  function kindOf({ ctx }: SignedIn): Kind {
    const kind = ([...addresses.kinds, 'username'] as const).find((one) => one === ctx.params.kind)
    if (kind === undefined) throw new Problem('not-found')
    return kind
  }

  /** One that a code is sent to. */
  function addressOf(page: SignedIn): AddressKind {
    const kind = kindOf(page)
    if (kind === 'username') throw new Problem('not-found')
    return kind
  }

  const visit = (page: SignedIn) => signedInVisit(deps, page)

  function form(page: SignedIn, mistake: Mistake = {}): void {
    const { ctx, identity } = page
    const t = translate(page)
    const kind = kindOf(page)
    const own = identity.identifiers.filter((one) => one.kind === kind)
    ctx.state.page = pathOf(kind)
    portal(page, {
      view: 'identifier',
      place: 'profile',
      title: t(`account:identifier.change.${kind}.title`),
      status: mistake.status ?? 200,
      values: {
        kind,
        own: own.map((one) => ({ ...identifierShown(one, t), value: one.value })),
        replaces: replacedOf(own),
        typed: mistake.field === undefined ? '' : (ctx.state.form[kind] ?? ''),
        mistake: mistake.field,
        notice: mistake.notice,
        removal: mistake.removal,
      },
    })
  }

  async function codeForm(page: SignedIn, mistake?: string): Promise<void> {
    const { ctx, identity } = page
    const t = translate(page)
    const kind = addressOf(page)
    const pending = await addresses.proofs.pending(identity.id, kind)
    if (pending === undefined) return seeOther(ctx, pathOf(kind))
    const wait = pending.againAt - clock()
    ctx.state.page = `${pathOf(kind)}/code`
    portal(page, {
      view: 'identifier-code',
      place: 'profile',
      title: t(`account:identifier.change.${kind}.title`),
      status: mistake === undefined ? 200 : invalid,
      values: {
        kind,
        to: pending.to,
        mistake,
        again: wait <= 0 ? {} : { wait: inSeconds(wait), when: inWords(wait, ctx.state.language) },
      },
    })
  }

  async function rename(
    page: SignedIn,
    wish: { readonly written: string; readonly replaces?: string },
  ): Promise<void> {
    const { changes } = addresses
    const renamed = await changes.rename(page.identity.id, wish, visit(page), actorOf(page))
    if (renamed.status === 'changed') return seeOther(page.ctx, '/account/profile?done=username')
    const field = translate(page)(`account:identifier.change.username.${renamed.reason}`)
    form(page, { status: invalid, field })
  }

  return {
    show: (page) => form(page),

    async begin(page) {
      const { ctx, identity } = page
      const kind = kindOf(page)
      const replaced = replacedOf(identity.identifiers.filter((one) => one.kind === kind))
      const wish = {
        written: ctx.state.form[kind] ?? '',
        ...(replaced === undefined ? {} : { replaces: replaced.value }),
      }
      if (kind === 'username') return rename(page, wish)
      const begun = await addresses.proofs.begin(identity.id, { kind, ...wish }, visit(page))
      if (begun.status === 'sent') return seeOther(ctx, `${pathOf(kind)}/code`)
      const field = translate(page)(`account:identifier.change.${kind}.${begun.reason}`)
      form(page, { status: invalid, field })
    },

    showCode: (page) => codeForm(page),

    async confirm(page) {
      const { ctx, identity } = page
      const kind = addressOf(page)
      const code = ctx.state.form.code ?? ''
      const confirmed = await addresses.changes.confirm(identity.id, kind, code, visit(page), actorOf(page))
      if (confirmed.status === 'changed') return seeOther(ctx, '/account/profile?done=changed')
      const t = translate(page)
      if (confirmed.status === 'expired' || confirmed.triesLeft < 1)
        return form(page, { status: invalid, notice: t('account:identifier.change.expired') })
      await codeForm(page, t('account:identifier.change.refused', { count: confirmed.triesLeft }))
    },

    async again(page) {
      const kind = addressOf(page)
      await addresses.proofs.again(page.identity.id, kind, visit(page))
      seeOther(page.ctx, `${pathOf(kind)}/code`)
    },

    async remove(page) {
      const { ctx, identity } = page
      const kind = kindOf(page)
      const own = { kind, value: ctx.state.form.value ?? '' }
      const removed = await addresses.changes.remove(identity.id, own, visit(page), actorOf(page))
      if (removed.status === 'removed') return seeOther(ctx, '/account/profile?done=removed')
      form(page, {
        status: invalid,
        removal: translate(page)(`account:identifier.refused.${removed.reason}`),
      })
    },

    backToForm: (page) => seeOther(page.ctx, pathOf(kindOf(page))),
    backToCode: (page) => seeOther(page.ctx, `${pathOf(addressOf(page))}/code`),
  }
}

function pathOf(kind: Kind): string {
  return `/account/profile/${kind}`
}

/** Which one a new one takes the place of: the one that messages go to. */
function replacedOf(own: readonly Identifier[]): Identifier | undefined {
  return own.find(({ verifiedAt }) => verifiedAt !== undefined) ?? own[0]
}
