import type { Identity, PlannedDeletion } from '../../domain/identity.ts'
import type { Reader } from '../../domain/reader.ts'
import type { DataVisit } from '../export/index.ts'
import type { DeletionsTools } from './index.ts'
import { deletionReaders } from './messages.ts'

/** Who asked for a deletion, from where, and at which addresses the person was told of it. */
export interface Asked {
  readonly visit: DataVisit
  readonly readers: readonly Reader[]
}

const purpose = 'account-deletion'

/** It stands sealed in the plan and nowhere else, so that it is gone with the identity, whoever deletes that. */
export function createAsked({ vault, clock }: Pick<DeletionsTools, 'vault' | 'clock'>) {
  return {
    seal(identity: Identity, visit: DataVisit): string {
      const { language, address, userAgent, sessionUid } = visit
      const asked = {
        visit: { language, address, userAgent, sessionUid },
        readers: deletionReaders(identity, clock(), language),
      }
      return vault.seal(purpose, JSON.stringify(asked), identity.id)
    },
    open(identityId: string, { sealed }: Pick<PlannedDeletion, 'sealed'>): Asked {
      return JSON.parse(vault.open(purpose, sealed, identityId)) as Asked
    },
  }
}
