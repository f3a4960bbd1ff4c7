/** What a message has become when it leaves the house. */
export interface Rendered {
  readonly subject: string
  readonly text: string
  /** Empty for an SMS. */
  readonly html: string
  readonly links: readonly string[]
  readonly codes: readonly string[]
}

export interface Envelope {
  /** Stays the same over all tries, so that a mailbox can tell a repetition. */
  readonly id: string
  readonly channel: 'email' | 'sms'
  readonly to: string
}

/** Hands a message to whoever brings it; a throw means "try again later", `'given-up'` that no further try can help. */
export type Deliver = (message: Envelope & Rendered) => Promise<'given-up' | undefined>
