/** S32, by the clock: whether somebody exists cannot be told from how long an answer takes. Medians of many interleaved requests, of a process of its own. */
import { randomInt } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { addPerson } from '../support/person.ts'
import { register } from '../support/relying-party.ts'
import { type Processes, startProcesses } from '../support/signet.ts'
import { onSqlite } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'

const samples = 2_000
/** Below what throttles and locks somebody, at the widest settings. */
const triesEach = 80
const people = Math.ceil(samples / triesEach)
const allowed = 0.05
/** A machine that does other things can spoil one measurement; a difference that is there shows in each. */
const attempts = 3

type Send = (round: number) => Promise<void>

// The embedded store only: what stands in for MongoDB says nothing about the times of the real one.
onSqlite((_, fresh) => {
  let started: Processes | undefined
  afterEach(async () => {
    await started?.stop()
    started = undefined
  })

  async function opened(): Promise<{ issuer: string; processes: Processes }> {
    const processes = await startProcesses(1, {
      storage: await fresh(),
      env: {
        SIGNET_TRUSTED_PROXIES: '127.0.0.1,::1',
        SIGNET_THROTTLE__FREE_TRIES: '100',
        SIGNET_THROTTLE__LOCK_AFTER: '100',
        SIGNET_THROTTLE__FREE_TRIES_PER_ADDRESS: '100000',
        // Small enough for a missing hash to show, and for everything else to show beside it.
        SIGNET_HASHING__MEMORY: '1mb',
        SIGNET_HASHING__ITERATIONS: '1',
        SIGNET_FACTORS__EMAIL_CODE__PER_HOUR: '1000',
        SIGNET_FACTORS__MAGIC_LINK__PER_HOUR: '1000',
        SIGNET_RECOVERY__CASES__PER_DAY: '100000',
        SIGNET_RECOVERY__CASES__PER_ADDRESS_PER_DAY: '10000',
        SIGNET_RECOVERY__CASES__PER_IDENTIFIER_PER_DAY: '100',
      },
    })
    started = processes
    return { issuer: processes.processes[0]?.issuer ?? '', processes }
  }

  it(`S32: a wrong password and nobody at all take the same time, ${samples} interleaved tries`, async () => {
    const { issuer, processes } = await opened()
    const party = await register({ house: processes.house, issuer })
    const { url } = await party.begin()
    const open = async (email: string) => {
      const visitor = createVisitor({ headers: elsewhere() })
      return { visitor, page: await visitor.submit(await visitor.get(url), { identifier: email }) }
    }
    await expectAlike(async (attempt) => {
      const pairs: Record<'known' | 'unknown', { visitor: Visitor; page: Page }>[] = []
      for (let each = 0; each < people; each++) {
        const known = `person-${attempt}-${each}@example.com`
        await addPerson(processes.house, known)
        pairs.push({ known: await open(known), unknown: await open(`nobody-${attempt}-${each}@example.com`) })
      }
      const wrong =
        (kind: 'known' | 'unknown'): Send =>
        async (round) => {
          const asked = pairs[round % pairs.length]?.[kind]
          if (asked === undefined) throw new Error('nobody is asked')
          await post(
            asked.visitor,
            asked.page,
            '/prove/password',
            { password: 'not the right one at all' },
            422,
          )
        }
      return [wrong('known'), wrong('unknown')]
    })
  })

  it.each(['email-code', 'magic-link'])(
    `S32: asking for a message (%s) takes the same time whether or not one goes out, ${samples} interleaved requests`,
    async (factor) => {
      const { issuer, processes } = await opened()
      const party = await register({ house: processes.house, issuer })
      await expectAlike(async (attempt) => {
        for (let each = 0; each < people; each++)
          await addPerson(processes.house, `ana-${attempt}-${each}@example.com`)
        const visitor = createVisitor()
        const identify = await visitor.get((await party.begin()).url)
        const proof = await visitor.submit(identify, { identifier: 'somebody@example.com' })
        const ask =
          (name: string): Send =>
          async (round) => {
            // Named anew, so that it is never too early for another message.
            const identifier = `${name}-${attempt}-${round % people}@example.com`
            await post(visitor, identify, '/identify', { identifier }, 303)
            await post(visitor, proof, '/choose', { factor }, 303)
          }
        return [ask('ana'), ask('bob')]
      })
    },
  )

  it(`S32: "forgotten" takes the same time whether or not anybody is there, ${samples} interleaved requests`, async () => {
    const { issuer, processes } = await opened()
    await expectAlike(async (attempt) => {
      for (let each = 0; each < people; each++)
        await addPerson(processes.house, `ana-${attempt}-${each}@example.com`)
      const visitor = createVisitor()
      const page = await visitor.get(`${issuer}/recovery`)
      const ask =
        (name: string): Send =>
        (round) =>
          post(
            visitor,
            page,
            '/recovery',
            { identifier: `${name}-${attempt}-${round % people}@example.com` },
            303,
          )
      return [ask('ana'), ask('bob')]
    })
  })

  it(`S32: a recovery case takes the same time whether or not it is about anybody, ${samples} interleaved requests`, async () => {
    const { issuer, processes } = await opened()
    await expectAlike(async (attempt) => {
      for (let each = 0; each < people; each++)
        await addPerson(processes.house, `ana-${attempt}-${each}@example.com`)
      const visitor = createVisitor()
      const page = await visitor.get(`${issuer}/recovery/case`)
      const ask =
        (name: string): Send =>
        (round) => {
          const identifier = `${name}-${attempt}-${round % people}@example.com`
          const said = { identifier, reply: `reply-${round}@example.com`, happened: 'The phone is lost.' }
          return post(visitor, page, '/recovery/case', said, 201)
        }
      return [ask('ana'), ask('bob')]
    })
  })

  it(`S32: registration takes the same time whether or not the address is taken, ${samples} interleaved requests`, async () => {
    const { issuer, processes } = await opened()
    const party = await register({ house: processes.house, issuer })
    await expectAlike(async (attempt) => {
      for (let each = 0; each < people; each++)
        await addPerson(processes.house, `ana-${attempt}-${each}@example.com`)
      const visitor = createVisitor()
      const identify = await visitor.get((await party.begin()).url)
      const page = await visitor.get(`${identify.url.href}/register`)
      const ask =
        (name: string): Send =>
        (round) =>
          post(
            visitor,
            page,
            '/register',
            { email: `${name}-${attempt}-${round % people}@example.com`, name: 'Noa' },
            303,
          )
      return [ask('ana'), ask('new')]
    })
  })
})

/** Prepares two kinds of requests, sends them in turns, and compares the medians of how long they took. */
async function expectAlike(prepare: (attempt: number) => Promise<readonly [Send, Send]>): Promise<void> {
  const seen: string[] = []
  for (let attempt = 0; attempt < attempts; attempt++) {
    const kinds = await prepare(attempt)
    const times: [number[], number[]] = [[], []]
    for (let round = 0; round < samples; round++)
      // Whoever is first in a pair must not always be the same.
      for (const kind of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const begun = performance.now()
        await kinds[kind](round)
        times[kind].push(performance.now() - begun)
      }
    const [one, other] = [median(times[0]), median(times[1])]
    const difference = Math.abs(one - other) / Math.max(one, other)
    seen.push(`${one.toFixed(3)} ms and ${other.toFixed(3)} ms`)
    if (difference <= allowed) return
  }
  expect.fail(`the medians differ by more than ${allowed * 100} %: ${seen.join('; ')}`)
}

async function post(
  visitor: Visitor,
  page: Page,
  path: string,
  values: Readonly<Record<string, string>>,
  expected: number,
): Promise<void> {
  const form = page.document
    .querySelectorAll('form')
    .find((each) => each.getAttribute('action')?.endsWith(path))
  const action = form?.getAttribute('action') ?? ''
  const csrf = form?.querySelector('input[name="csrf"]')?.getAttribute('value') ?? ''
  const response = await visitor.send(new URL(action, page.url), {
    method: 'POST',
    headers: { origin: page.url.origin, ...elsewhere() },
    body: new URLSearchParams({ csrf, ...values }),
  })
  await response.arrayBuffer()
  if (response.status !== expected) throw new Error(`${path} answered ${response.status}`)
}

/** From an address that nobody else uses. */
function elsewhere(): Record<string, string> {
  return { 'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}` }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
