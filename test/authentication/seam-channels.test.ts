import { describe, expect, it } from 'vitest'
import { eachStore } from '../support/stores.ts'
import { spokenWord } from './factors.ts'
import { asker, guess, identified, operator, plain, secret, visit } from './house.ts'
import { rig } from './seam-world.ts'

describe('a factor that the engine never heard of', () => {
  eachStore((_store, open) => {
    const { answers, house, withWord, numberOf, halfway } = rig(open)

    it('may follow from a proved address, allow a few slips, and never count beside what came over the same channel', async () => {
      const here = await house()
      const { engine, sent, person } = here
      await person('ana@example.com')
      const who = await identified(here, 'ana@example.com')
      expect(sent).toEqual([])
      await engine.choose(who, visit(), 'mailed-code')
      expect(sent).toHaveLength(1)
      await engine.current(who, visit())
      expect(sent).toHaveLength(1)
      const { code } = sent[0]?.values ?? {}
      for (let slip = 0; slip < 2; slip += 1)
        expect(await engine.prove(who, visit(), 'mailed-code', { code: 'slip' })).toEqual({
          status: 'refused',
        })
      expect(await engine.prove(who, visit(), 'mailed-code', { code: String(code) })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await engine.redeem(who)).toMatchObject({ level: 'single-factor' })

      const careless = await identified(here, 'ana@example.com')
      await engine.choose(careless, visit(), 'mailed-code')
      for (let slip = 0; slip < 3; slip += 1)
        await engine.prove(careless, visit(), 'mailed-code', { code: 'slip' })
      const late = String(sent.at(-1)?.values.code)
      expect(await engine.prove(careless, visit(), 'mailed-code', { code: late })).toMatchObject({
        reason: 'challenge-expired',
      })
    })

    it('S32: sends nothing to nobody, and looks the same', async () => {
      const here = await house()
      const { engine, sent, person } = here
      await person('ana@example.com')
      const outcomes = []
      for (const text of ['ana@example.com', 'nobody@example.com']) {
        const who = await identified(here, text)
        const chosen = await engine.choose(who, visit(), 'mailed-code')
        const shown = await engine.current(who, visit())
        const refused = await engine.prove(who, visit(), 'mailed-code', { code: 'x' })
        outcomes.push([chosen, { ...shown, identifier: '' }, refused])
      }
      expect(outcomes[0]).toEqual(outcomes[1])
      expect(sent).toHaveLength(1)
    })

    it('S44: a password that was set on the strength of a mail and a code by mail are one factor', async () => {
      const here = await house()
      const { engine, enrolments, sent, person } = here
      const id = await person('ana@example.com', { password: null })
      await enrolments.finish(id, 'password', { password: secret }, visit(), { channel: 'email' })
      const who = asker()
      await engine.open(who, { requirement: { level: 'two-factor', essential: true } })
      await engine.identify(who, visit(), 'ana@example.com')
      const first = await engine.prove(who, visit(), 'password', { password: secret })
      // A code by mail is not even offered: it would add nothing. What would help can be enrolled.
      expect(first).toMatchObject({ step: { kind: 'enrol', why: 'level' } })
      expect(first).not.toMatchObject({ step: { oneOf: expect.arrayContaining(['mailed-code']) } })
      expect(sent).toEqual([])

      // The same person, with a password that only they could set.
      await person('ben@example.com')
      const other = asker()
      await engine.open(other, { requirement: { level: 'two-factor', essential: true } })
      await engine.identify(other, visit(), 'ben@example.com')
      await engine.prove(other, visit(), 'password', { password: secret })
      const { code } = sent.at(-1)?.values ?? {}
      await engine.prove(other, visit(), 'mailed-code', { code: String(code) })
      expect(await engine.redeem(other)).toMatchObject({ level: 'two-factor' })
    })

    it('may take its time: waiting costs neither a try nor the challenge', async () => {
      const here = await house()
      const { engine, enrolments, person } = here
      const id = await person('ana@example.com')
      await enrolments.finish(id, 'asked-phone', {}, visit())
      const who = await halfway(engine)
      const question = String((await engine.current(who, visit()))?.show?.question)
      for (let poll = 0; poll < 20; poll += 1)
        expect(await engine.prove(who, visit(), 'asked-phone', {})).toEqual({
          status: 'pending',
          show: { waiting: true },
        })
      answers.set(question, true)
      expect(await engine.prove(who, visit(), 'asked-phone', {})).toMatchObject({ step: { kind: 'done' } })
    })

    it('may say by itself who somebody is, where that is asked', async () => {
      const here = await house()
      const { engine, enrolments, person } = here
      const id = await person('ana@example.com')
      expect(await enrolments.finish(id, 'named-key', { key: 'k1' }, visit())).toMatchObject({
        status: 'enrolled',
      })
      expect(await enrolments.finish(id, 'named-key', { key: 'k1' }, visit())).toMatchObject({
        reason: 'taken',
      })
      const who = asker()
      await engine.open(who, { requirement: plain })
      const nonce = (await engine.current(who, visit()))?.show?.nonce
      expect(await engine.prove(who, visit(), 'named-key', { key: 'k2', signature: `k2/${nonce}` })).toEqual({
        status: 'refused',
        reason: 'unknown',
      })
      const next = (await engine.current(who, visit()))?.show?.nonce
      expect(next).not.toBe(nonce)
      const outcome = await engine.prove(who, visit(), 'named-key', { key: 'k1', signature: `k1/${next}` })
      expect(outcome).toMatchObject({ step: { kind: 'done' } })
      expect(await engine.redeem(who)).toMatchObject({ identityId: id, level: 'phishing-resistant' })
    })

    it('S26: an answer that cannot be guessed never costs the account a try', async () => {
      const here = await house()
      const { engine, enrolments, person } = here
      const id = await person('ana@example.com')
      await enrolments.finish(id, 'named-key', { key: 'k1' }, visit())
      const who = await identified(here, 'ana@example.com')
      await engine.choose(who, visit(), 'named-key')
      for (let round = 0; round < 10; round += 1) {
        await engine.current(who, visit())
        expect(await engine.prove(who, visit(), 'named-key', { key: 'k1', signature: 'no' })).toEqual({
          status: 'refused',
        })
      }
      await engine.choose(who, visit(), 'password')
      expect(await engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        status: 'moved',
      })
    })

    it('S26: a stranger who guesses the password takes away neither the mailed code nor the way by mail', async () => {
      const here = await house({ throttle: { lock_after: 10 } })
      const { engine, sent, person } = here
      await person('ana@example.com')
      await guess(here, 'ana@example.com', 10, visit({ address: '198.51.100.1' }))
      const who = await identified(here, 'ana@example.com')
      expect(await engine.prove(who, visit(), 'password', { password: secret })).toMatchObject({
        status: 'throttled',
        locked: true,
      })
      await engine.choose(who, visit(), 'mailed-code')
      const { code } = sent.findLast((message) => message.template === 'factor-code')?.values ?? {}
      expect(await engine.prove(who, visit(), 'mailed-code', { code: String(code) })).toMatchObject({
        step: { kind: 'done' },
      })
      // Which is the e-mail proof that ends the lock.
      const after = await identified(here, 'ana@example.com')
      expect(await engine.prove(after, visit(), 'password', { password: secret })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('is asked for where the policy demands a level that the person can only reach by enrolling now', async () => {
      const here = await house({ level: 'two-factor', factors: [spokenWord] })
      const { engine, person } = here
      const id = await person('ana@example.com')
      const who = await halfway(engine)
      const now = await engine.current(who, visit())
      expect(now?.step).toMatchObject({ kind: 'enrol', chosen: 'spoken-word', why: 'level' })
      const word = String(now?.show?.word)
      expect(await engine.enrol(who, visit(), 'spoken-word', { said: 'what?' })).toMatchObject({
        reason: 'misheard',
      })
      // The same word as before: a slip does not change what is being learnt.
      expect((await engine.current(who, visit()))?.show?.word).toBe(word)
      expect(await engine.enrol(who, visit(), 'spoken-word', { said: word })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await engine.redeem(who)).toMatchObject({ identityId: id, level: 'two-factor' })
    })

    it('S44: what is enrolled on the strength of a mail alone reaches no second factor in that process', async () => {
      const here = await house({ level: 'two-factor', factors: [spokenWord] })
      const { engine, enrolments, person } = here
      const id = await person('ana@example.com', { password: null })
      await enrolments.finish(id, 'password', { password: secret }, visit(), { channel: 'email' })
      const who = await halfway(engine)
      const word = String((await engine.current(who, visit()))?.show?.word)
      const enrolled = await engine.enrol(who, visit(), 'spoken-word', { said: word })
      expect(enrolled).toMatchObject({ step: { kind: 'prove', chosen: 'spoken-word' } })
      expect(await engine.redeem(who)).toBeUndefined()
      await engine.prove(who, visit(), 'spoken-word', { said: `${word} ${await numberOf(engine, who)}` })
      expect(await engine.redeem(who)).toMatchObject({ level: 'two-factor' })
    })

    it('leaves nobody alone with what is not sufficient alone', async () => {
      const here = await house({ factors: [spokenWord] })
      const { engine, enrolments } = here
      const { id } = await withWord(here)
      const short = await enrolments.finish(id, 'password', { password: 'kaputt84x' }, visit())
      expect(short).toMatchObject({ status: 'enrolled', credential: { needsCompanion: true } })
      const word = (await enrolments.list(id)).find((credential) => credential.factor === 'spoken-word')
      const by = { kind: 'identity', id } as const
      expect(await enrolments.remove(id, word?.id ?? '', by)).toMatchObject({ reason: 'needs-companion' })
      // An administrator's reset goes through; the person then chooses a longer one before they get in.
      expect(await enrolments.remove(id, word?.id ?? '', operator, { force: true })).toEqual({
        status: 'removed',
      })
      const who = await identified(here, 'ana@example.com')
      expect(await engine.prove(who, visit(), 'password', { password: 'kaputt84x' })).toMatchObject({
        step: { kind: 'enrol', oneOf: ['password'], why: 'needs-companion' },
      })
      expect(await engine.redeem(who)).toBeUndefined()
      expect(await engine.enrol(who, visit(), 'password', { password: 'kaputt84' })).toEqual({
        status: 'refused',
        reason: 'too-short',
        values: { min: 15 },
      })
      expect(
        await engine.enrol(who, visit(), 'password', { password: 'a much longer one, by far' }),
      ).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await engine.redeem(who)).toMatchObject({ level: 'single-factor' })
    })
  })
})
