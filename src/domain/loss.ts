/** What a person can lose at one blow, in the order in which it is thought of. `devices`: everything that they carry or sit at. */
export const losses = ['phone', 'keys', 'devices', 'password', 'mailbox'] as const
export type Loss = (typeof losses)[number]
