import type { AuthenticationEngine } from '../../src/authentication/index.ts'
import { createClock } from '../support/clock.ts'
import type { OpenStore } from '../support/stores.ts'
import { askedPhone, countedCode, mailedCode, namedKey, spokenWord } from './factors.ts'
import { type Asker, createHouse, identified, secret, visit } from './house.ts'

export const order = ['password', 'named-key', 'spoken-word', 'counted-code', 'mailed-code', 'asked-phone']

export function rig(open: OpenStore) {
  const answers = new Map<string, boolean>()
  const house = async (options: Partial<Parameters<typeof createHouse>[1]> = {}) => {
    const clock = createClock()
    const factors = [namedKey, spokenWord, countedCode, mailedCode, askedPhone(answers)]
    return createHouse(await open(clock.now), { clock, factors, ...options })
  }

  /** Somebody with a password and a spoken word; answers the word. */
  async function withWord(
    { enrolments, person }: Awaited<ReturnType<typeof house>>,
    email = 'ana@example.com',
  ) {
    const id = await person(email)
    const { ticket, show } = await enrolments.begin(id, 'spoken-word', visit())
    const word = String(show?.word)
    await enrolments.finish(id, 'spoken-word', { said: word }, visit(), { ticket: String(ticket) })
    return { id, word }
  }

  async function numberOf(engine: AuthenticationEngine, who: Asker): Promise<string> {
    return String((await engine.current(who, visit()))?.show?.number)
  }

  async function halfway(engine: AuthenticationEngine, email = 'ana@example.com'): Promise<Asker> {
    const who = await identified({ engine }, email)
    await engine.prove(who, visit(), 'password', { password: secret })
    return who
  }
  return { answers, house, withWord, numberOf, halfway }
}
