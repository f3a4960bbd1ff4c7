/**
 * The ways back in, and what they need of each other: a case that was approved leads to a recovery, a recovery that two sides claim to a case.
 */

import { everywhere } from '../domain/reader.ts'
import { createMailBudget } from '../identities/mail-budget.ts'
import type { Store } from '../ports/store.ts'
import { type Cases, type CasesTools, createCases } from '../recovery/cases/index.ts'
import type { Contacts } from '../recovery/contacts/index.ts'
import { createClaimCodes } from '../recovery/recoveries/claim-codes.ts'
import {
  createRecoveries,
  type Recoveries,
  type RecoveriesTools,
  type RecoverySettings,
} from '../recovery/recoveries/index.ts'
import {
  createRecoveryWatch,
  type RecoveryWatch,
  type RecoveryWatchTools,
} from '../recovery/recoveries/watch.ts'

type Missing = 'codes' | 'linked' | 'contactsOf' | 'channels' | 'mayWrite' | 'outcomes' | 'settings' | 'store'

type Tools = Omit<CasesTools, Missing> &
  Omit<RecoveriesTools, 'codes' | 'contested' | 'uncontested' | 'settings' | 'store'> &
  Omit<RecoveryWatchTools, 'recoveries'> & {
    readonly store: Pick<Store, 'cases' | 'caseParts' | 'replays' | 'attempts'> & RecoveriesTools['store']
    readonly contacts: Pick<Contacts, 'linked' | 'counting'>
    readonly settings: {
      readonly recovery: RecoverySettings & { readonly cases: CasesTools['settings'] }
    }
  }

interface WaysBack {
  readonly recoveries: Recoveries
  readonly cases: Cases
  /** Who signs in while somebody says that they cannot. */
  readonly recoveryWatch: RecoveryWatch
}

export function createWaysBack(tools: Tools): WaysBack {
  const { contacts, clock } = tools
  const settings = tools.settings.recovery
  const mail = createMailBudget(tools)
  const codes = createClaimCodes(tools)
  const recoveries = createRecoveries({
    ...tools,
    codes,
    settings,
    contested: (recovery) => cases.openContested(recovery),
    uncontested: (recovery) => cases.closeContested(recovery),
  })
  const cases = createCases({
    ...tools,
    settings: settings.cases,
    codes,
    channels: (identity, language) => everywhere(identity, language, clock()),
    mayWrite: (address) => mail.spend('recovery-case', address.toLowerCase()),
    linked: contacts.linked,
    contactsOf: async (identityId) => (await contacts.counting(identityId)).contacts.length,
    outcomes: {
      async begin({ id: caseId, identityId, claim }, reply, from) {
        if (identityId === undefined || claim === undefined) return undefined
        const to = reply && { written: reply.to.written, language: reply.language }
        const { address = '', userAgent = '' } = from ?? {}
        const visit = { address, userAgent, language: reply?.language ?? '' }
        const begun = await recoveries.beginReviewed({
          ...{ identityId, caseId, claim, visit },
          ...(to === undefined ? {} : { reply: to }),
        })
        // Somebody else is on the way, and neither goes on: whoever decides about that decides about this.
        return begun?.status === 'contested' ? undefined : begun?.id
      },
      async decide({ recoveryId }, approved) {
        if (recoveryId !== undefined) await recoveries.decide(recoveryId, approved ? 'approved' : 'refused')
      },
    },
  })
  return { recoveries, cases, recoveryWatch: createRecoveryWatch({ ...tools, recoveries }) }
}
