/** What an answer comes over, when it is not the browser that asks: who holds the channel has the answer. */
export const channels = ['email', 'sms', 'push', 'contacts'] as const
export type Channel = (typeof channels)[number]
