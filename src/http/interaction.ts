/**
 * Owns the pages between an authorization request and its answer: sign-in, registration, consent, account chooser.
 * It decides nothing about proofs or tokens: the engine says which step is next, oidc takes the answer and sends the browser on.
 */

import { seeOther } from './context.ts'
import type { AppDependencies } from './dependencies.ts'
import { createAccountPages } from './interaction/account.ts'
import { createAuthenticationPages } from './interaction/authenticate.ts'
import { createConsentPages } from './interaction/consent.ts'
import { type Found, withInteraction } from './interaction/found.ts'
import { createRegistrationPages } from './interaction/register.ts'
import { get, post, type Route } from './routes.ts'

export function interactionRoutes(deps: AppDependencies): readonly Route[] {
  const found = withInteraction(deps)
  const authentication = createAuthenticationPages(deps)
  const registration = createRegistrationPages(deps, authentication)
  const consent = createConsentPages(deps)
  const account = createAccountPages(deps, authentication)

  /** Where an interaction is, whatever led here. Someone who chose "not you" is in the middle of a sign-in. */
  async function dispatch(page: Found): Promise<void> {
    const { prompt } = page.interaction
    if (prompt === 'login') await authentication.open(page)
    else if (!(await authentication.running(page)))
      return prompt === 'consent' ? consent.show(page) : account.show(page)
    return authentication.show(page)
  }

  /** The application is told whether the person would not, or could not (OpenID Connect Unmet Authentication Requirements 1.0). */
  const cancel = ({ ctx, interaction }: Found) => {
    const error = ctx.state.form.unmet === undefined ? 'access_denied' : 'unmet_authentication_requirements'
    return deps.oidc.interactions.refuse(ctx as never, interaction, error)
  }

  const at = '/interaction/:uid'
  const answered = found(({ ctx, base }) => seeOther(ctx, base))
  return [
    get(at, {}, found(dispatch)),
    get(`${at}/waiting`, { json: true }, authentication.waiting),
    post(`${at}/identify`, {}, found(authentication.identify)),
    post(`${at}/choose`, {}, found(authentication.choose)),
    post(`${at}/prove/:factor`, {}, found(authentication.prove)),
    post(`${at}/enrol/:factor`, {}, found(authentication.enrol)),
    post(`${at}/postpone`, {}, found(authentication.postpone)),
    post(`${at}/restart`, {}, found(authentication.restart)),
    get(`${at}/register`, {}, found(registration.show)),
    post(`${at}/register`, { limit: 'message' }, found(registration.begin)),
    get(`${at}/register/code`, {}, found(registration.showCode)),
    post(`${at}/register/code`, {}, found(registration.confirm)),
    post(`${at}/consent`, {}, found(consent.decide)),
    post(`${at}/account`, {}, found(account.choose)),
    post(`${at}/cancel`, {}, found(cancel)),
    // A page with a mistake has the address of the answer: a tab that is opened there again is where the process is.
    get(`${at}/:answer`, {}, answered),
    get(`${at}/:answer/:factor`, {}, answered),
  ]
}
