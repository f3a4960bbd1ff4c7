/** Two server processes on one store, and everybody who races over them: raw requests, sent at once, in turns to one process and the other. */
import { randomInt } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { addPerson } from '../support/person.ts'
import { callback, type Flow, type RelyingParty, register } from '../support/relying-party.ts'
import { type Processes, startProcesses } from '../support/signet.ts'
import type { FreshStore } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'

export interface Arena extends Processes {
  readonly issuer: string
  /** First-party: its requests with a session end at the callback without a page. */
  readonly party: RelyingParty
  readonly other: RelyingParty
  /** A browser that is signed in as a person of its own. */
  signedIn(email?: string): Promise<Visitor>
  /** Where the racer with this number sends its request. */
  at(racer: number, path: string): string
}

/** One for all the tests beside it, on a store of its own; filled before the first of them. */
export function useArena(fresh: () => Promise<FreshStore>): Arena {
  const arena = {} as Arena
  const undo: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    const store = await fresh()
    undo.push(() => store.drop())
    Object.assign(arena, await openArena(store.url))
    undo.push(() => arena.stop())
  })
  afterAll(async () => {
    for (const step of undo.reverse()) await step()
  })
  return arena
}

async function openArena(storage: string): Promise<Arena> {
  const started = await startProcesses(2, {
    storage,
    // Each browser says where it is, so that no limit per address slows the race down.
    env: { SIGNET_TRUSTED_PROXIES: '127.0.0.1,::1' },
  })
  // What is mailed from here shall not wait for the next look of the processes into the queue.
  started.house.queue.start()
  const urls = started.processes.map(({ url }) => url)
  const issuer = urls[0] ?? ''
  const world = { house: started.house, issuer }
  const party = await register(world, { firstParty: true })
  const other = await register(world, { firstParty: true, metadata: { client_name: 'Bakery' } })
  await addPerson(started.house)
  return {
    ...started,
    issuer,
    party,
    other,
    at: (racer, path) => `${urls[racer % urls.length]}${path}`,
    async signedIn(email = 'ana@example.com') {
      const visitor = createVisitor({ stopAt: callback, headers: elsewhere() })
      const { url } = await party.begin()
      const identify = await visitor.get(url)
      const proof = await visitor.submit(identify, { identifier: email })
      const end = await visitor.submit(proof, { password: 'plenty of orchards in autumn' })
      if (!end.url.searchParams.has('code')) throw new Error(`not signed in: ${end.status} at ${end.url}`)
      return visitor
    },
  }
}

/** The head of a request from an address that nobody else uses. */
export function elsewhere(): Record<string, string> {
  return { 'x-forwarded-for': `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}` }
}

/** All of them at once. */
export function race<T>(racers: number, run: (racer: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: racers }, (_, racer) => run(racer)))
}

/**
 * Rounds one after the other. What they need is made some rounds ahead, so that no round waits for a mail: with 200 rounds that is most of
 * the time. Racers then also meet the traffic of other people.
 */
export async function inTurn<Ready>(
  rounds: number,
  prepare: (round: number) => Promise<Ready>,
  run: (ready: Ready, round: number) => Promise<void>,
): Promise<void> {
  const ahead = 8
  const begin = (round: number) => {
    const ready = prepare(round)
    // What fails is said in its round.
    ready.catch(() => undefined)
    return ready
  }
  const made: Promise<Ready>[] = []
  for (let round = 0; round < rounds; round++) {
    while (made.length < Math.min(rounds, round + ahead)) made.push(begin(made.length))
    await run(await (made[round] as Promise<Ready>), round)
  }
}

export interface Answer {
  readonly status: number
  readonly error?: string
  readonly access_token?: string
  readonly refresh_token?: string
}

/** One form to a token endpoint, as the client. */
export async function token(
  url: string,
  party: Pick<RelyingParty, 'id' | 'secret'>,
  body: Record<string, string>,
): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`${party.id}:${party.secret}`).toString('base64')}`
  const headers = party.secret === undefined ? {} : { authorization }
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(body) })
  return { status: response.status, ...((await response.json()) as object) }
}

export function exchangeOf(flow: Flow, code: string): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    code,
    redirect_uri: callback,
    code_verifier: flow.verifier,
  }
}

/** An authorization request of a signed-in browser, to the process of this racer; nothing of the answer is kept in the browser. */
export async function silently(
  arena: Arena,
  racer: number,
  visitor: Visitor,
  party: RelyingParty,
): Promise<{ flow: Flow; code: string; error: string }> {
  const flow = await party.begin({ prompt: 'none', scope: 'openid email' })
  const response = await fetch(arena.at(racer, `${flow.url.pathname}${flow.url.search}`), {
    headers: { cookie: cookieOf(visitor) },
    redirect: 'manual',
  })
  await response.body?.cancel()
  const { searchParams } = new URL(response.headers.get('location') ?? 'none:', arena.issuer)
  return { flow, code: searchParams.get('code') ?? '', error: searchParams.get('error') ?? '' }
}

export function cookieOf(visitor: Visitor): string {
  return [...visitor.cookies]
    .filter(([key]) => key.split(' ')[1] === '/')
    .map(([key, value]) => `${key.split(' ')[2]}=${value}`)
    .join('; ')
}

/** All cookies, those of a running interaction too. */
export function everywhere({ cookies }: Visitor): string {
  return [...cookies].map(([key, value]) => `${key.split(' ')[2]}=${value}`).join('; ')
}

export async function userinfoOf(url: string, accessToken = ''): Promise<number> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })
  await response.body?.cancel()
  return response.status
}

/** The page's form, sent to the process of this racer as the browser would, with nothing of the answer kept. */
export async function post(
  arena: Arena,
  racer: number,
  visitor: Visitor,
  page: Page,
  path: string,
  values: Record<string, string>,
  cookie = cookieOf(visitor),
): Promise<{ status: number; location: string }> {
  const form = page.document
    .querySelectorAll('form')
    .find((each) => each.getAttribute('action')?.endsWith(path))
  if (form === undefined) throw new Error(`${page.url} has no form to ${path}`)
  const hidden = form
    .querySelectorAll('input[type="hidden"]')
    .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? ''])
  const response = await fetch(arena.at(racer, path), {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, ...elsewhere() },
    body: new URLSearchParams({ ...Object.fromEntries(hidden), ...values }),
  })
  await response.body?.cancel()
  return { status: response.status, location: response.headers.get('location') ?? '' }
}
