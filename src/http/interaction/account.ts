import { displayName, mailAddress } from '../../domain/identity.ts'
import { initialOf } from '../application.ts'
import type { AppDependencies } from '../dependencies.ts'
import type { AuthenticationPages } from './authenticate.ts'
import { identityOf } from './consent.ts'
import type { Found, FoundHandler } from './found.ts'

/** The account chooser: go on with the one that is signed in, or sign in with another. */
export function createAccountPages(
  deps: AppDependencies,
  pages: AuthenticationPages,
): { readonly show: FoundHandler; readonly choose: FoundHandler } {
  const { web, oidc } = deps

  async function show(found: Found): Promise<void> {
    const { ctx, interaction, application, sources, base } = found
    const identity = await identityOf(deps, interaction)
    if (identity === undefined) return pages.restart(found)
    const t = web.words.translate(ctx.state.language)
    const name = displayName(identity)
    web.render(ctx, {
      view: 'interaction/account',
      title: t('account-chooser.title'),
      sources,
      values: {
        application,
        base,
        person: { name, initial: initialOf(name), identifier: mailAddress(identity)?.written ?? '' },
      },
    })
  }

  return {
    show,
    async choose(found) {
      const { ctx, interaction } = found
      const goesOn = ctx.state.form.account === 'continue' && interaction.session !== undefined
      return goesOn ? oidc.interactions.continueWith(ctx as never, interaction) : pages.restart(found)
    },
  }
}
