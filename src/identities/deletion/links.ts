import type { PlannedDeletion } from '../../domain/identity.ts'
import { sameHash } from '../one-time-code.ts'
import type { Deletions, DeletionsTools } from './index.ts'

const purpose = 'keep-account'

/** The link "keep my account": signed, for one request only, and worth nothing once that is called off or done. Nothing is stored for it. */
export function createKeepLinks({
  vault,
  identities,
  issuer,
}: Pick<DeletionsTools, 'vault' | 'identities' | 'issuer'>) {
  const keyOf = (identityId: string, { request }: Pick<PlannedDeletion, 'request'>) =>
    `${identityId}.${vault.mac(purpose, `${identityId} ${request}`)}`

  const look: Deletions['look'] = async (key) => {
    const [identityId = ''] = key.split('.')
    const plan = (await identities.get(identityId))?.deletion
    return plan !== undefined && sameHash(key, keyOf(identityId, plan)) ? { identityId, plan } : undefined
  }

  return {
    // From the issuer and nothing else: a request's Host never reaches a message (S33).
    of: (identityId: string, plan: PlannedDeletion) =>
      `${issuer}/keep-account?key=${keyOf(identityId, plan)}`,
    look,
  }
}
