/** What is built for the addresses that people change in the portal: which kinds there are, what a code to them costs, who does it. */
import type { Config } from '../config.ts'
import { hour } from '../domain/time.ts'
import { smsLimits } from '../factors/sms-code.ts'
import {
  type AddressKind,
  type AddressProofs,
  type AddressProofsTools,
  createAddressProofs,
} from '../identities/address-proofs.ts'
import {
  createIdentifierChanges,
  type IdentifierChanges,
  type IdentifierChangesTools,
} from '../recovery/told/identifier-change.ts'

interface Carriers {
  readonly email?: unknown
  readonly sms?: unknown
}

type Tools = Omit<AddressProofsTools, 'settings' | 'limits'> &
  Omit<IdentifierChangesTools, 'proofs' | 'limits'> & { readonly config: Config; readonly carriers: Carriers }

interface Addresses {
  /** That a code can be sent to. */
  readonly kinds: readonly AddressKind[]
  readonly proofs: AddressProofs
  readonly changes: IdentifierChanges
}

export function createAddresses({ config, carriers, ...tools }: Tools): Addresses {
  const limits = limitsOf(config)
  const proofs = createAddressProofs({ ...tools, limits, settings: config.identifiers })
  const changes = createIdentifierChanges({ ...tools, limits, proofs })
  return { kinds: kindsOf(carriers), proofs, changes }
}

function kindsOf({ email, sms }: Carriers): AddressKind[] {
  const kinds = [email !== undefined && 'email', sms !== undefined && 'phone'] as const
  return kinds.filter((kind) => kind !== false)
}

/** The same as for the codes of a sign-in, so that both together are not more. */
function limitsOf({ factors: { email_code, sms_code } }: Config): AddressProofsTools['limits'] {
  const ofNumber = smsLimits(sms_code)
  return {
    email: (value) => [{ subject: `mail email ${value}`, most: email_code.per_hour, within: hour }],
    phone: (value) => ofNumber(`phone ${value}`),
  }
}
