/** Visits every kind of page there is, by its fields and addresses and not by its words, so that the walk is the same in every language. */
import type { Page } from 'playwright-core'
import { acrOf } from '../../src/domain/assurance.ts'
import { minute } from '../../src/domain/time.ts'
import { addPerson, password } from '../support/person.ts'
import { register } from '../support/relying-party.ts'
import type { Signet } from '../support/signet.ts'
import { authorization, decision, submit } from './forms.ts'
import { visitAccount, visitTrusted } from './walk-account.ts'
import { visitCases } from './walk-cases.ts'
import { visitClients, visitPeople } from './walk-console.ts'
import { visitContacts } from './walk-contacts.ts'
import { visitData } from './walk-data.ts'
import { visitProfile } from './walk-profile.ts'
import { visitLostPhone } from './walk-recovery.ts'

export interface Walk {
  /** With `walkSettings`. */
  readonly signet: Signet
  readonly page: Page
  /** Of another person, or another device of the same. */
  readonly other: Page
  /** Moves the clock that Signet runs on. */
  readonly advance: (ms: number) => void
  /** Where the walk's own application answers. */
  readonly callback: string
  /** Called on each page, with a name for it. */
  readonly see: (name: string, page: Page) => Promise<void>
}

/** So that what takes many tries or much time takes few and little. */
export const walkSettings = {
  SIGNET_THROTTLE__FREE_TRIES: '2',
  SIGNET_THROTTLE__LOCK_AFTER: '5',
  SIGNET_LIFETIMES__AUTHENTICATION: '20m',
  SIGNET_RECOVERY__DELAY: '1m',
} as const

/** In order: a stop stands on what the ones before it left. */
export const stops = {
  setup: visitSetup,
  inbox: visitInbox,
  invitation: visitInvitation,
  signIn: visitSignIn,
  registration: visitRegistration,
  consent: visitConsent,
  recovery: visitRecovery,
  errors: visitErrors,
  account: visitAccount,
  profile: visitProfile,
  data: visitData,
  trusted: visitTrusted,
  lostPhone: visitLostPhone,
  people: visitPeople,
  clients: visitClients,
  cases: visitCases,
  contacts: visitContacts,
  signOut: visitSignOut,
  late: visitLate,
} as const satisfies Record<string, (walk: Walk) => Promise<void>>

async function visitSetup({ signet, page, see }: Walk): Promise<void> {
  const { url = '', code = '' } = signet.started.setup ?? {}
  await page.goto(url)
  await see('setup', page)
  await submit(page, { code: 'wrong', name: 'Root', email: 'root@example.com' })
  await see('setup: wrong code', page)
  await submit(page, { code, name: 'Root', email: 'root@example.com' })
  await see('setup: password', page)
  await submit(page, { password })
  await see('setup: done', page)
}

async function visitInbox({ signet, page, other, see }: Walk): Promise<void> {
  await page.goto(`${signet.issuer}/inbox`)
  await page.locator('summary').first().click()
  await see('inbox', page)
  await other.goto(`${signet.issuer}/inbox?to=nobody@example.com`)
  await see('inbox: nothing', other)
}

async function visitInvitation({ signet, page, see }: Walk): Promise<void> {
  await page.goto(signet.started.demo ?? '')
  await see('demo application', page)
  const { links } = await signet.mail('sam@example.com')
  await page.goto(links[0] ?? '')
  await see('invitation', page)
  await submit(page, { password: 'short' })
  await see('invitation: too short', page)
  await submit(page, { password })
  await see('invitation: done', page)
  await page.goto(links[0] ?? '')
  await see('invitation: gone', page)
}

async function visitSignIn({ signet, page, see }: Walk): Promise<void> {
  await addPerson(signet.house, 'ana@example.com')
  await page.goto(authorization(signet))
  await see('sign-in', page)
  await submit(page, { identifier: 'two words' })
  await see('sign-in: malformed', page)
  await submit(page, { identifier: 'ana@example.com' })
  await see('prove', page)
  await submit(page, {}, '[name="factor"][value="passkey"]')
  await see('prove: passkey', page)
  await submit(page, {}, '[name="factor"][value="password"]')
  await submit(page, { password: 'not the right one at all' })
  await see('prove: wrong', page)
  await submit(page, { password })
  await see('consent of the demo application', page)
  await submit(page, {}, decision('allow'))
}

async function visitRegistration({ signet, other, see }: Walk): Promise<void> {
  await other.goto(authorization(signet))
  await other.goto(`${other.url()}/register`)
  await see('register', other)
  await submit(other, { name: 'Kim', email: 'not an address' })
  await see('register: malformed', other)
  await submit(other, { name: 'Kim', email: 'kim@example.com' })
  await see('code', other)
  await submit(other, { code: '000000' })
  await see('code: wrong', other)
  const { codes } = await signet.mail('kim@example.com')
  await submit(other, { code: codes[0] ?? '' })
  await see('enrol', other)
  await submit(other, { password: 'short' })
  await see('enrol: too short', other)
}

async function visitConsent({ signet, page, callback, see }: Walk): Promise<void> {
  const { id } = await register(signet, {
    unverified: true,
    metadata: {
      client_name: 'The Society of Orchardists and Beekeepers',
      redirect_uris: [callback],
      policy_uri: 'https://rp.example.com/policy',
      tos_uri: 'https://rp.example.com/terms',
    },
  })
  const asking = {
    client_id: id,
    redirect_uri: callback,
    scope: 'openid profile email phone address groups offline_access',
    prompt: 'consent',
  }
  await page.goto(authorization(signet, asking))
  await see('consent of an unverified application', page)
  await submit(page, {}, decision('allow'))
  await see('callback', page)
  await page.goto(authorization(signet, { ...asking, scope: 'openid', prompt: 'select_account' }))
  await see('account chooser', page)
  // As if the script did not come: the page waits for its button to be pressed.
  await page.context().route('**/send-form*', (route) => route.fulfill({ contentType: 'text/javascript' }))
  await page.goto(
    authorization(signet, { ...asking, scope: 'openid', prompt: '', response_mode: 'form_post' }),
  )
  await see('form_post', page)
  const strong = JSON.stringify({ id_token: { acr: { essential: true, values: [acrOf('two-factor')] } } })
  await page.goto(authorization(signet, { ...asking, prompt: 'login', claims: strong }))
  await submit(page, { identifier: 'ana@example.com' })
  await submit(page, { password })
  await see('stronger proof needed', page)
}

async function visitRecovery({ signet, other, see }: Walk): Promise<void> {
  await addPerson(signet.house, 'forgetful@example.com')
  await other.goto(`${signet.issuer}/recovery`)
  await see('recovery', other)
  await submit(other, {})
  await see('recovery: nothing typed', other)
  await submit(other, { identifier: 'forgetful@example.com' })
  await see('recovery: sent', other)
  const { links } = await signet.mail('forgetful@example.com')
  await other.goto(links[0] ?? '')
  await see('recovery: link', other)
  await submit(other, { password: 'short' })
  await see('recovery: too short', other)
  await submit(other, { password: `${password} again` })
  await see('recovery: done', other)
  await other.goto(links[0] ?? '')
  await see('recovery: gone', other)
  await other.goto(links[1] ?? '')
  await see('objection', other)
  await submit(other, {}, '[action="/objection"] button')
  await see('objection: done', other)
  await other.goto(`${signet.issuer}/objection?key=none`)
  await see('objection: gone', other)
}

async function visitErrors({ signet, page, other, see }: Walk): Promise<void> {
  await page.goto(`${signet.issuer}/nowhere`)
  await see('not found', page)
  await page.goto(authorization(signet, { client_id: 'nobody' }))
  await see('unknown application', page)
  await page.goto(authorization(signet, { redirect_uri: 'https://attacker.example.com/' }))
  await see('wrong redirect URI', page)
  await page.goto(`${signet.issuer}/interaction/gone`)
  await see('lost interaction', page)
  await other.goto(`${signet.issuer}/recovery`)
  await submit(other, { csrf: 'forged', identifier: 'ana@example.com' })
  await see('forged form', other)
  await other.goto(`${signet.issuer}/account`)
  await submit(other, {}, 'form[action$="/cancel"] button')
  await see('account: cancelled', other)
  await page.goto(`${signet.issuer}/admin`)
  await see('console: not an administrator', page)
}

async function visitSignOut({ signet, page, see }: Walk): Promise<void> {
  await page.goto(`${signet.issuer}/logout`)
  await see('sign-out', page)
  await submit(page, {}, '[name="logout"][value="no"]')
  await see('still signed in', page)
  await page.goto(`${signet.issuer}/logout`)
  await submit(page, {}, '[name="logout"][value="yes"]')
  await see('signed out', page)
}

async function visitLate({ signet, page, advance, see }: Walk): Promise<void> {
  await addPerson(signet.house, 'lee@example.com')
  await page.goto(authorization(signet))
  await submit(page, { identifier: 'lee@example.com' })
  for (let tries = 0; tries < 3; tries++) await submit(page, { password: `wrong, for the time ${tries}` })
  await see('throttled', page)
  for (let tries = 0; tries < 4; tries++) {
    advance(2 * minute)
    await submit(page, { password: `wrong, again ${tries}` })
  }
  await see('locked', page)
  advance(21 * minute)
  await submit(page, { password })
  await see('sign-in expired', page)
}
