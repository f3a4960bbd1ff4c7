/**
 * Owns the account portal: what a person sees and changes of their own. Every handler works on the identity of the session and on nothing that a
 * request names. It hands over to the services; who may come in says http/session.ts.
 */
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { get, post, type Route } from '../routes.ts'
import { createGuard } from '../session.ts'
import { createActivityPage } from './activity.ts'
import { createApplicationPages } from './applications.ts'
import { createCheckPage } from './check.ts'
import { contactRoutes } from './contacts.ts'
import { createCredentialPages } from './credential.ts'
import { createDataPages } from './data.ts'
import { drillRoutes } from './drill.ts'
import { createHomePage } from './home.ts'
import { createIdentifierPages } from './identifiers.ts'
import { createPicturePages, pictureUpload } from './picture.ts'
import { createPortal } from './portal.ts'
import { createProfilePages } from './profile.ts'
import { createQuestionPages } from './question.ts'
import { recoveryBannerRoutes } from './recovery.ts'
import { createSecurityPages } from './security.ts'
import { createSessionPages } from './sessions.ts'
import { createTrustedDevicePages, trustedDevicesPath } from './trusted-devices.ts'
import { vouchingRoutes } from './vouching.ts'

/** Its route table. */
export function accountRoutes(deps: AppDependencies): readonly Route[] {
  const guard = createGuard(deps, { base: '/account', clientId: 'signet-account' })
  const { signedIn, fresh, callback } = guard
  const portal = createPortal(deps.web, { hasCases: deps.cases.settings.enabled })
  const home = createHomePage(deps, portal)
  const profile = createProfilePages(deps, portal)
  const picture = createPicturePages(deps, portal)
  const identifiers = createIdentifierPages(deps, portal)
  const security = createSecurityPages(deps, portal)
  const credential = createCredentialPages(deps, portal)
  const sessions = createSessionPages(deps, portal)
  const trusted = createTrustedDevicePages(deps, portal)
  const applications = createApplicationPages(deps, portal)
  const activity = createActivityPage(deps, portal)
  const question = createQuestionPages(deps, portal)
  const check = createCheckPage(deps, portal)
  const data = createDataPages(deps, portal)

  return [
    get('/', {}, (ctx) => seeOther(ctx, '/account')),
    get('/account', {}, signedIn(home)),
    get('/account/callback', {}, callback),
    get('/account/profile', {}, signedIn(profile.show)),
    post('/account/profile', {}, signedIn(profile.save)),
    // Before the kinds of addresses, none of which is called like that.
    get('/account/profile/picture', {}, signedIn(picture.show)),
    post('/account/profile/picture', { upload: pictureUpload }, signedIn(picture.save)),
    get('/account/profile/picture/remove', {}, signedIn(picture.back)),
    post('/account/profile/picture/remove', {}, signedIn(picture.remove)),
    get('/account/profile/:kind', {}, fresh(identifiers.show)),
    post('/account/profile/:kind', { limit: 'message' }, fresh(identifiers.begin)),
    get('/account/profile/:kind/code', {}, fresh(identifiers.showCode)),
    post('/account/profile/:kind/code', {}, fresh(identifiers.confirm)),
    get('/account/profile/:kind/again', {}, fresh(identifiers.backToCode)),
    post('/account/profile/:kind/again', { limit: 'message' }, fresh(identifiers.again)),
    get('/account/profile/:kind/remove', {}, fresh(identifiers.backToForm)),
    post('/account/profile/:kind/remove', {}, fresh(identifiers.remove)),
    get('/account/security', {}, signedIn(security.show)),
    // Before the paths of factors, none of which is called like that.
    ...contactRoutes(deps, portal, guard),
    ...vouchingRoutes(deps, portal, guard),
    ...drillRoutes(deps, portal, { signedIn, fresh, callback }),
    ...recoveryBannerRoutes(deps, portal, { signedIn, fresh, callback }),
    get(trustedDevicesPath, {}, fresh(trusted.show)),
    get(`${trustedDevicesPath}/revoke`, {}, fresh(trusted.back)),
    post(`${trustedDevicesPath}/revoke`, {}, fresh(trusted.revokeAll)),
    get(`${trustedDevicesPath}/:device/revoke`, {}, fresh(trusted.back)),
    post(`${trustedDevicesPath}/:device/revoke`, {}, fresh(trusted.revoke)),
    get('/account/security/:factor', {}, fresh(security.form)),
    post('/account/security/:factor', {}, fresh(security.change)),
    get('/account/security/:factor/:credential', {}, fresh(credential.show)),
    post('/account/security/:factor/:credential', {}, fresh(credential.rename)),
    get('/account/security/:factor/:credential/remove', {}, fresh(credential.back)),
    post('/account/security/:factor/:credential/remove', {}, fresh(credential.remove)),
    get('/account/sessions', {}, signedIn(sessions.show)),
    post('/account/sessions/others/end', {}, signedIn(sessions.endOthers)),
    post('/account/sessions/:session/end', {}, signedIn(sessions.end)),
    get('/account/applications', {}, signedIn(applications.list)),
    get('/account/applications/:client', {}, signedIn(applications.show)),
    post('/account/applications/:client/narrow', {}, signedIn(applications.narrow)),
    post('/account/applications/:client/withdraw', {}, signedIn(applications.withdraw)),
    get('/account/activity', {}, signedIn(activity)),
    get('/account/activity/:entry', {}, signedIn(question.show)),
    post('/account/activity/:entry/end', {}, signedIn(question.end)),
    get('/account/activity/:entry/remove', {}, fresh(question.back)),
    post('/account/activity/:entry/remove', {}, fresh(question.remove)),
    get('/account/check', {}, signedIn(check)),
    get('/account/data', {}, signedIn(data.show)),
    get('/account/data/export', {}, fresh(data.back)),
    post('/account/data/export', { limit: 'message' }, fresh(data.ask)),
    get('/account/data/export/page', {}, fresh(data.back)),
    post('/account/data/export/page', {}, fresh(data.document)),
    get('/account/data/export/json', {}, fresh(data.back)),
    post('/account/data/export/json', {}, fresh(data.json)),
    get('/account/data/delete', {}, fresh(data.confirmDeletion)),
    post('/account/data/delete', { limit: 'message' }, fresh(data.delete)),
    // The harmless side: it asks for no new sign-in, so that nobody who is worried has to wait.
    post('/account/data/keep', {}, signedIn(data.keep)),
    get('/.well-known/change-password', {}, (ctx) => {
      seeOther(ctx, security.resettablePath)
      // A permanent address for password managers (W3C Change Password URL): they expect 302, 303 or 307.
      ctx.status = 302
    }),
  ]
}
