import { createTemplates } from '../../src/messaging/templates.ts'
import type { Message } from '../../src/ports/messenger.ts'

export const templates = createTemplates({
  issuer: 'https://id.example.com',
  brand: { name: 'Example <ID>', support_url: 'https://help.example.com' },
  languages: ['en', 'de'],
})

/** A value for each name that a template may use. */
export const everything = {
  code: '483920',
  link: 'https://id.example.com/recovery/link?token=a&b=c',
  minutes: 15,
  application: 'Photo <Shop>',
  address: '203.0.113.7',
  device: 'Firefox on Linux',
  at: Date.UTC(2026, 10, 25, 9, 30),
  due: Date.UTC(2026, 11, 2, 9, 30),
  factor: 'password',
  ended: 'device-forgotten session-ended',
  added: 'a•••@example.com',
  removed: '+49•••78',
  contact: 'bob@example.com',
  person: 'Carla',
  mailbox: 'carla@example.com',
}

export function message(change: Partial<Message> = {}): Message {
  const to = { kind: 'email', written: 'ana@example.com' } as const
  return { template: 'factor-code', to, language: 'en', name: 'Ana', values: everything, ...change }
}
