import type { PersonalSeal } from '../ports/personal-seal.ts'
import { createPersonalKeys, type PersonalKeysTools } from './personal-keys.ts'

/** For what is kept about a person outside the audit: under the same key of theirs, by another purpose. It is read from the store each time. */
export function createPersonalSeal(tools: PersonalKeysTools): PersonalSeal {
  const { vault } = tools
  const keys = createPersonalKeys(tools)
  const purposeOf = (purpose: string, key: string) => `${purpose} ${key}`
  return {
    async seal(identityId, purpose, text, context) {
      const key = await keys.of(identityId, { create: true, always: true })
      return key && vault.seal(purposeOf(purpose, key), text, context)
    },
    async open(identityId, purpose, sealed, context) {
      const key = await keys.of(identityId, { always: true })
      return key && vault.open(purposeOf(purpose, key), sealed, context)
    },
  }
}
