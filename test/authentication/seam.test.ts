import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AuthenticationEngine } from '../../src/authentication/index.ts'
import { parallel } from '../identities/world.ts'
import { createClock } from '../support/clock.ts'
import { eachStore } from '../support/stores.ts'
import { askedPhone, countedCode, mailedCode, namedKey, spokenWord } from './factors.ts'
import {
  type Asker,
  asker,
  createHouse,
  guess,
  identified,
  minute,
  operator,
  plain,
  secret,
  visit,
} from './fixture.ts'

describe('a factor that the engine never heard of', () => {
  it('is named in no file of src', () => {
    const src = resolve(import.meta.dirname, '../../src')
    const files = readdirSync(src, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    for (const { name } of [spokenWord, countedCode, mailedCode, namedKey])
      expect(texts.filter((text) => text.includes(name))).toEqual([])
  })

  it('finds an engine without a word for what its result turns into', () => {
    const src = resolve(import.meta.dirname, '../../src')
    const engine = readdirSync(join(src, 'authentication')).map((file) => join(src, 'authentication', file))
    for (const file of [...engine, join(src, 'domain/authentication.ts')])
      expect(readFileSync(file, 'utf8')).not.toMatch(/session|cookie|token/i)
  })

  eachStore((_name, open) => {
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

    it('enrols with its own question, and makes a second step that reaches two factors', async () => {
      const here = await house()
      const { engine } = here
      const { id, word } = await withWord(here)
      const who = await identified({ engine }, 'ana@example.com')
      const first = await engine.prove(who, visit(), 'password', { password: secret })
      expect(first).toMatchObject({ step: { kind: 'prove', oneOf: ['spoken-word'], why: 'level' } })
      expect(await engine.redeem(who)).toBeUndefined()
      expect(await engine.current(who, visit())).toMatchObject({
        identity: { id },
        enrolled: ['spoken-word', 'mailed-code', 'password'].sort(
          (a, b) => order.indexOf(a) - order.indexOf(b),
        ),
      })
      const said = `${word} ${await numberOf(engine, who)}`
      expect(await engine.prove(who, visit(), 'spoken-word', { said })).toMatchObject({
        step: { kind: 'done' },
      })
      expect(await engine.redeem(who)).toMatchObject({ level: 'two-factor', amr: ['mfa', 'otp', 'pwd'] })
    })

    it('is not offered before the first proof, and cannot be used for it', async () => {
      const here = await house()
      await withWord(here)
      const who = await identified(here, 'ana@example.com')
      expect(await here.engine.prove(who, visit(), 'spoken-word', { said: 'x' })).toMatchObject({
        step: { kind: 'prove', oneOf: ['password', 'named-key', 'mailed-code'] },
      })
    })

    it('gives one verdict a challenge: a replay and a second guess at it are not looked at', async () => {
      const here = await house()
      const { engine } = here
      const { word } = await withWord(here)
      const who = await halfway(engine)
      const number = await numberOf(engine, who)
      // Loading the page again does not change the question.
      expect(await numberOf(engine, who)).toBe(number)
      expect(await engine.prove(who, visit(), 'spoken-word', { said: 'nonsense' })).toEqual({
        status: 'refused',
      })
      expect(await engine.prove(who, visit(), 'spoken-word', { said: `${word} ${number}` })).toEqual({
        status: 'refused',
        reason: 'challenge-expired',
      })
      // The page asks a new one, so a slip leaves a way to go on.
      const next = await numberOf(engine, who)
      expect(next).not.toBe(number)
      expect(await engine.prove(who, visit(), 'spoken-word', { said: 'mumble' })).toEqual({
        status: 'refused',
        reason: 'mumbled',
      })
      const last = await numberOf(engine, who)
      expect(await engine.prove(who, visit(), 'spoken-word', { said: `${word} ${last}` })).toMatchObject({
        step: { kind: 'done' },
      })
    })

    it('does not look at an answer to an expired challenge', async () => {
      const here = await house()
      const { engine, clock } = here
      const { word } = await withWord(here)
      const who = await halfway(engine)
      const number = await numberOf(engine, who)
      clock.advance(minute)
      expect(await engine.prove(who, visit(), 'spoken-word', { said: `${word} ${number}` })).toEqual({
        status: 'refused',
        reason: 'challenge-expired',
      })
      expect(await numberOf(engine, who)).not.toBe(number)
    })

    it('F3: of 2, 8 and 32 answers to one challenge one is looked at', async () => {
      const here = await house({ throttle: { free_tries: 100 } })
      const { engine } = here
      const { word } = await withWord(here)
      for (const racers of [2, 8, 32]) {
        const who = await halfway(engine)
        const said = `${word} ${await numberOf(engine, who)}`
        const outcomes = await parallel(racers, () => engine.prove(who, visit(), 'spoken-word', { said }))
        const proved = outcomes.filter(
          (outcome) => outcome.status === 'moved' && outcome.step.kind === 'done',
        )
        expect(proved.length).toBeGreaterThanOrEqual(1)
        expect((await engine.redeem(who))?.level).toBe('two-factor')
        const { items } = await here.audit.list({ action: 'authentication.completed', limit: 100 })
        expect(items).toHaveLength([2, 8, 32].indexOf(racers) + 1)
      }
    })

    it('F3: an answer counts though the page of another one, which came too late, has asked anew', async () => {
      let release = () => {}
      const released = new Promise<void>((done) => {
        release = done
      })
      const slow: typeof spokenWord = {
        ...spokenWord,
        async verify(...answer) {
          await released
          return spokenWord.verify(...answer)
        },
      }
      const { engine, ...here } = await house({ factors: [slow] })
      const { word } = await withWord({ engine, ...here })
      const who = await halfway(engine)
      const number = await numberOf(engine, who)
      const answer = () => engine.prove(who, visit(), 'spoken-word', { said: `${word} ${number}` })
      const outcomes = [answer(), answer()]
      expect(await Promise.race(outcomes)).toMatchObject({ reason: 'challenge-expired' })
      expect(await numberOf(engine, who)).not.toBe(number)
      release()
      expect((await Promise.all(outcomes)).map(({ status }) => status).sort()).toEqual(['moved', 'refused'])
      expect((await engine.redeem(who))?.level).toBe('two-factor')
    })

    it('is throttled like any other, on the counter of the person', async () => {
      const here = await house()
      const { engine } = here
      await withWord(here)
      const who = await halfway(engine)
      for (let round = 0; round < 5; round += 1) {
        await engine.current(who, visit())
        expect(await engine.prove(who, visit(), 'spoken-word', { said: 'nonsense' })).toEqual({
          status: 'refused',
        })
      }
      expect(await engine.prove(who, visit(), 'spoken-word', { said: 'nonsense' })).toMatchObject({
        status: 'throttled',
      })
      // The first proof, given again in a new process, buys no further tries.
      const again = await identified({ engine }, 'ana@example.com')
      expect(await engine.prove(again, visit(), 'password', { password: secret })).toMatchObject({
        status: 'throttled',
      })
    })

    it('F3 S27: a code that is good once proves one of 2, 8 and 32 sign-ins at the same moment', async () => {
      const here = await house({ throttle: { free_tries: 100, free_tries_per_address: 1_000 } })
      const { engine, enrolments, person } = here
      const id = await person('ana@example.com')
      await enrolments.finish(id, 'counted-code', {}, visit())
      for (const racers of [2, 8, 32]) {
        const halves = await parallel(racers, () => halfway(engine))
        const outcomes = await Promise.all(
          halves.map((who) => engine.prove(who, visit(), 'counted-code', { code: String(racers) })),
        )
        const proved = outcomes.filter(
          (outcome) => outcome.status === 'moved' && outcome.step.kind === 'done',
        )
        expect(proved).toHaveLength(1)
      }
    })

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

const order = ['password', 'named-key', 'spoken-word', 'counted-code', 'mailed-code', 'asked-phone']
