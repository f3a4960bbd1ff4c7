// Owns invitations of signed devices: shown to the person by whoever enrols them (as a QR code), followed by one device, and worth nothing until
// the person confirms on the enrolling page which one came. Rows like those of questions: one for the invitation, one for who came.
import type { Duration } from '../domain/time.ts'
import type { Invited } from '../ports/factor.ts'
import { type ApprovalsTools, twoDigits } from './approvals.ts'

/** For whom, and for what, a device was invited. */
export interface Invitation {
  readonly factor: string
  readonly identityId: string
}

export interface Invitations {
  invite(
    of: { readonly factor: string; readonly identityId: string | undefined },
    lifetime: Duration,
  ): Promise<{ readonly id: string; readonly secret: string }>
  /** Undefined when it is over, or somebody came. Takes nothing. */
  look(secret: string): Promise<Invitation | undefined>
  /** The number that the device shows until it is confirmed; undefined for all but the first. */
  follow(secret: string, device: Omit<Invited, 'number'>): Promise<string | undefined>
  invited(id: string): Promise<Invited | 'nobody' | 'gone'>
  end(id: string): Promise<void>
}

const purpose = 'device-invitation'

export function createInvitations({ store, vault, digest, clock, random }: ApprovalsTools): Invitations {
  const rows = store.approvals
  const guestOf = (id: string) => `${id} guest`
  // Told apart from questions: the secret of a mailed link is not an invitation.
  const idOf = (secret: string) => `invitation:${digest(secret)}`
  const open = <Content>(row: { readonly id: string; readonly sealed: string }): Content =>
    JSON.parse(vault.open(purpose, row.sealed, row.id))

  async function find(secret: string) {
    const id = idOf(secret)
    const [row, guest] = await Promise.all([rows.get(id), rows.get(guestOf(id))])
    if (row === undefined || guest !== undefined) return undefined
    return { row, invitation: open<Invitation>(row) }
  }

  return {
    async invite({ factor, identityId }, lifetime) {
      if (identityId === undefined) throw new Error('nobody invites nobody')
      const secret = random(32)
      const id = idOf(secret)
      const sealed = vault.seal(purpose, JSON.stringify({ factor, identityId } satisfies Invitation), id)
      await rows.insert({ id, sealed, expiresAt: clock() + lifetime })
      return { id, secret }
    },
    async look(secret) {
      return (await find(secret))?.invitation
    },
    async follow(secret, device) {
      const found = await find(secret)
      if (found === undefined) return undefined
      const { id, expiresAt } = found.row
      const number = twoDigits(random)
      const sealed = vault.seal(purpose, JSON.stringify({ ...device, number } satisfies Invited), guestOf(id))
      return (await rows.insert({ id: guestOf(id), sealed, expiresAt })) ? number : undefined
    },
    async invited(id) {
      const [row, guest] = await Promise.all([rows.get(id), rows.get(guestOf(id))])
      if (row === undefined) return 'gone'
      return guest === undefined ? 'nobody' : open<Invited>(guest)
    },
    async end(id) {
      await rows.remove(id)
    },
  }
}
