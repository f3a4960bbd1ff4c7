/** Registration inside a sign-in: who, then the code from the mail, then a way to sign in (which the engine asks for). */
import type { Proof } from '../../domain/assurance.ts'
import type { Form } from '../../ports/factor.ts'
import { seeOther } from '../context.ts'
import type { AppDependencies } from '../dependencies.ts'
import { askerOf, visitOf } from '../visit.ts'
import type { AuthenticationPages } from './authenticate.ts'
import type { Found, FoundHandler } from './found.ts'

export interface RegistrationPages {
  readonly show: FoundHandler
  readonly begin: FoundHandler
  readonly showCode: FoundHandler
  readonly confirm: FoundHandler
}

const invalid = 422

export function createRegistrationPages(
  deps: AppDependencies,
  pages: AuthenticationPages,
): RegistrationPages {
  const { registrations, authentication, web, clock } = deps
  const { render, words } = web
  const translate = ({ ctx }: Found) => words.translate(ctx.state.language)
  const processId = ({ interaction }: Found) => `interaction:${interaction.uid}`
  const visit = ({ ctx, application }: Found) => visitOf(deps, ctx, application.name)

  function form(
    found: Found,
    options: { form?: Form; mistakes?: Record<string, string>; notice?: string; status?: number } = {},
  ) {
    const { ctx, application, sources, base } = found
    const { form = {}, mistakes = {}, notice, status = 200 } = options
    const title = translate(found)('register.title')
    const values = { application, base, form, mistakes, notice }
    render(ctx, { view: 'authentication/register', title, status, sources, values })
  }

  function codeForm(found: Found, email: string, mistake?: string) {
    const { ctx, sources, base } = found
    const status = mistake === undefined ? 200 : invalid
    const title = translate(found)('register-code.title')
    render(ctx, {
      view: 'authentication/register-code',
      title,
      status,
      sources,
      values: { base, email, mistake },
    })
  }

  async function begin(found: Found): Promise<void> {
    const { ctx, base, application } = found
    const { email = '', name = '' } = ctx.state.form
    const { address, language, userAgent, traceId } = visit(found)
    const origin = { address, userAgent, ...(traceId === undefined ? {} : { traceId }) }
    const begun = await registrations.begin(processId(found), {
      email,
      name,
      language,
      application: application.name,
      origin,
    })
    if (begun.status === 'sent') return seeOther(ctx, `${base}/register/code`)
    const text = translate(found)(`register.mistakes.${begun.reason}`)
    if (begun.reason === 'closed') return form(found, { form: ctx.state.form, notice: text, status: 403 })
    const field = begun.reason === 'name' ? 'name' : 'email'
    form(found, { form: ctx.state.form, mistakes: { [field]: text }, status: invalid })
  }

  async function confirm(found: Found): Promise<void> {
    const { ctx } = found
    const pending = await registrations.pending(processId(found))
    const { address, userAgent, traceId } = visit(found)
    const origin = { address, userAgent, ...(traceId === undefined ? {} : { traceId }) }
    const confirmed = await registrations.confirm(processId(found), ctx.state.form.code ?? '', origin)
    if (confirmed.status === 'confirmed') return signIn(found, confirmed.identityId)
    const t = translate(found)
    if (confirmed.status === 'expired' || pending === undefined || confirmed.triesLeft < 1) {
      return form(found, { notice: t('register.expired'), status: 410 })
    }
    codeForm(found, pending.email, t('register-code.refused', { count: confirmed.triesLeft }))
  }

  /** The code proved the mailbox: that counts as the first proof of the process that is open here. */
  async function signIn(found: Found, identityId: string): Promise<void> {
    const proof: Proof = {
      factor: 'registration',
      categories: ['possession'],
      amr: ['otp'],
      channel: 'email',
      at: clock(),
    }
    await pages.open(found)
    const asker = askerOf(found.ctx, found.interaction.uid)
    await pages.follow(found, await authentication.vouch(asker, visit(found), { identityId, proof }))
  }

  return {
    show: (found) => {
      const closed = registrations.open ? undefined : translate(found)('register.mistakes.closed')
      form(found, closed === undefined ? {} : { notice: closed, status: 403 })
    },
    begin,
    async showCode(found) {
      const pending = await registrations.pending(processId(found))
      if (pending === undefined) return seeOther(found.ctx, `${found.base}/register`)
      codeForm(found, pending.email)
    },
    confirm,
  }
}
