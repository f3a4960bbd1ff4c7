/** What recovery cases need of the other services: whom the owner is reached by, who is linked to whom, and what an approved one leads to. */
import type { Identity } from './domain/identity.ts'
import { type Reader, readerAt } from './domain/reader.ts'
import { createMailBudget } from './identities/mail-budget.ts'
import type { Store } from './ports/store.ts'
import { type Cases, type CasesTools, createCases } from './recovery/cases.ts'
import { createClaimCodes } from './recovery/claim-codes.ts'
import type { Contacts } from './recovery/contacts.ts'

type Tools = Omit<
  CasesTools,
  'codes' | 'linked' | 'vouching' | 'channels' | 'mayWrite' | 'outcomes' | 'settings' | 'store'
> & {
  readonly store: Pick<Store, 'cases' | 'caseParts' | 'replays' | 'attempts'>
  readonly contacts: Pick<Contacts, 'linked' | 'counting'>
  readonly settings: { readonly recovery: { readonly cases: CasesTools['settings'] } }
}

export function createRecoveryCases(tools: Tools): Cases {
  const { contacts, settings } = tools
  const mail = createMailBudget(tools)
  return createCases({
    ...tools,
    settings: settings.recovery.cases,
    codes: createClaimCodes(tools),
    channels,
    mayWrite: (address) => mail.spend('recovery-case', address.toLowerCase()),
    linked: contacts.linked,
    async vouching(identityId) {
      return { counting: (await contacts.counting(identityId)).contacts.length, vouched: 0 }
    },
    outcomes: { begin: async () => undefined, decide: async () => undefined },
  })
}

/** Every proved address and number. */
function channels(identity: Identity, language: string): readonly Reader[] {
  return identity.identifiers
    .filter(({ kind, verifiedAt }) => kind !== 'username' && verifiedAt !== undefined)
    .map((to) => readerAt(to, identity, { language }))
}
