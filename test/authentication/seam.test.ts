import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parallel } from '../identities/world.ts'
import { eachStore } from '../support/stores.ts'
import { countedCode, mailedCode, namedKey, spokenWord } from './factors.ts'
import { identified, minute, secret, visit } from './house.ts'
import { order, rig } from './seam-world.ts'

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

  eachStore((_store, open) => {
    const { house, withWord, numberOf, halfway } = rig(open)

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
  })
})
