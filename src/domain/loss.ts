/** What a person can lose at one blow, in the order in which it is thought of. `devices`: everything that they carry or sit at; `secret`: what they know by heart. */
export const losses = ['phone', 'keys', 'devices', 'secret', 'mailbox'] as const
export type Loss = (typeof losses)[number]
