/** The races themselves; `races.test.ts` runs a few rounds of each, `races.long.test.ts` as many as the promises name. */
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { addPerson, password } from '../support/person.ts'
import { engines } from '../support/stores.ts'
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts'
import {
  type Answer,
  type Arena,
  cookieOf,
  elsewhere,
  everywhere,
  exchangeOf,
  inTurn,
  post,
  race,
  silently,
  token,
  useArena,
  userinfoOf,
} from './arena.ts'

const operator = { kind: 'operator', id: 'test' } as const

/** `rounds` of what is good once, `further` of the rest. */
export function describeRaces(rounds: number, further: number = rounds): void {
  describe.each(Object.entries(engines()))('on %s', (_, fresh) => {
    const arena = useArena(fresh)

    type Run = (racers: number, round: number) => Promise<void>
    const racing = (title: string, run: Run, times = rounds) =>
      it.each([2, 8, 32])(`${title}, %i racers, ${times} rounds`, async (racers) => {
        for (let round = 0; round < times; round++) await run(racers, round)
      })
    const sparring = (title: string, run: Run) => racing(title, run, further)
    const mailed = <Ready>(
      title: string,
      prepare: (name: string) => Promise<Ready>,
      run: (racers: number, ready: Ready) => Promise<void>,
    ) =>
      it.each([2, 8, 32])(`${title}, %i racers, ${rounds} rounds`, (racers) =>
        inTurn(
          rounds,
          (round) => prepare(`${racers}-${round}`),
          (ready) => run(racers, ready),
        ),
      )

    async function mailTo(email: string): Promise<{ links: readonly string[]; codes: readonly string[] }> {
      const [mail] = (await arena.house.inbox?.messages({ to: email, waitMs: 10_000 })) ?? []
      if (mail === undefined) throw new Error(`no mail to ${email}`)
      return mail
    }

    describe('two processes', () => {
      let ana: Visitor
      beforeAll(async () => {
        ana = await arena.signedIn()
      })

      racing('S2 F3: exchange one code: exactly one gets tokens', async (racers, round) => {
        const { flow, code } = await silently(arena, round, ana, arena.party)
        const answers = await race(racers, (racer) =>
          token(arena.at(racer, '/token'), arena.party, exchangeOf(flow, code)),
        )
        expectOneWinner(answers, 'invalid_grant')
        // Whoever came second showed that the code is in other hands: what the winner got is worth nothing.
        const winner = answers.find(({ status }) => status === 200)
        expect(await userinfoOf(arena.at(round, '/userinfo'), winner?.access_token)).toBe(401)
      })

      racing(
        'S8 F3: refresh with one token: all get the same successor, and its use ends the first one',
        async (racers, round) => {
          const { flow, code } = await silently(arena, round, ana, arena.party)
          const first = await token(arena.at(round, '/token'), arena.party, exchangeOf(flow, code))
          const refresh = (racer: number, refresh_token = '') =>
            token(arena.at(racer, '/token'), arena.party, { grant_type: 'refresh_token', refresh_token })
          const answers = await race(racers, (racer) => refresh(racer, first.refresh_token))
          expect(answers.map(({ status }) => status)).toEqual(Array(racers).fill(200))
          const successors = new Set(answers.map(({ refresh_token }) => refresh_token))
          expect(successors.size).toBe(1)
          const [successor] = successors
          expect(successor).not.toBe(first.refresh_token)

          const next = await refresh(round, successor)
          expect(next.status).toBe(200)
          const stolen = await race(2, (racer) => refresh(racer, first.refresh_token))
          expect(stolen.map(({ error }) => error)).toEqual(['invalid_grant', 'invalid_grant'])
          expect(await refresh(round, next.refresh_token)).toMatchObject({
            status: 400,
            error: 'invalid_grant',
          })
          for (const { access_token } of [first, next])
            expect(await userinfoOf(arena.at(round + 1, '/userinfo'), access_token)).toBe(401)
        },
      )

      racing('S9 F3: use one client assertion: exactly one is let in', async (racers) => {
        const machine = await machineOf(arena)
        const assertion = await machine.assertion()
        const answers = await race(racers, (racer) =>
          token(
            arena.at(racer, '/token'),
            { id: machine.id, secret: undefined },
            {
              grant_type: 'client_credentials',
              client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
              client_assertion: assertion,
            },
          ),
        )
        expectOneWinner(answers, 'invalid_client')
      })

      mailed(
        'S33 F3: use one recovery link: exactly one sets the password',
        async (name) => {
          const email = `forgetful-${name}@example.com`
          await addPerson(arena.house, email)
          await arena.house.links.request(email, { language: 'en', address: '127.0.0.1' })
          const visitor = createVisitor({ headers: elsewhere() })
          return { email, visitor, form: await visitor.get((await mailTo(email)).links[0] ?? '') }
        },
        async (racers, { email, visitor, form }) => {
          const answers = await race(racers, (racer) =>
            post(arena, racer, visitor, form, '/recovery/link', { password: passwordOf(racer) }),
          )
          const winners = answers.flatMap(({ status }, racer) => (status === 303 ? [racer] : []))
          expect(winners).toHaveLength(1)
          expect(answers.filter(({ status }) => status === 410)).toHaveLength(racers - 1)
          const proof = await signInWith(arena, email, passwordOf(winners[0] ?? 0))
          expect(proof.url.searchParams.has('code'), 'the winner’s password is the one that counts').toBe(
            true,
          )
        },
      )

      mailed(
        'S28 F3: type one registration code: exactly one goes on',
        async (name) => {
          const email = `newcomer-${name}@example.com`
          const visitor = createVisitor({ headers: elsewhere() })
          const identify = await visitor.get((await arena.party.begin()).url)
          const uid = identify.url.pathname.split('/')[2]
          const begun = await arena.house.registrations.begin(`interaction:${uid}`, {
            email,
            name: 'Noa',
            language: 'en',
          })
          expect(begun.status).toBe('sent')
          const [code = ''] = (await mailTo(email)).codes
          return { email, uid, visitor, code, page: await visitor.get(`${identify.url.href}/register/code`) }
        },
        async (racers, { email, uid, visitor, code, page }) => {
          const path = `/interaction/${uid}/register/code`
          const answers = await race(racers, (racer) =>
            post(arena, racer, visitor, page, path, { code }, everywhere(visitor)),
          )
          const winners = answers.filter(
            ({ status, location }) => status === 303 && location.endsWith(`/interaction/${uid}`),
          )
          expect(winners).toHaveLength(1)
          expect((await arena.house.identities.findByIdentifier('email', email))?.state).toBe('active')
        },
      )

      sparring(
        'S29: sign out during requests in flight: nothing of that session lives on',
        async (racers, round) => {
          const visitor = await arena.signedIn()
          const cookie = cookieOf(visitor)
          const asked = await visitor.get(`${arena.issuer}/logout`)
          const [codes] = await Promise.all([
            race(racers, (racer) => silently(arena, racer, visitor, arena.party)),
            post(arena, round, visitor, asked, '/logout/confirm', { logout: 'yes' }, cookie),
          ])
          for (const { error } of codes) expect(['', 'login_required']).toContain(error)
          const after = await race(2, (racer) => silently(arena, racer, visitor, arena.party))
          expect(after.map(({ error }) => error)).toEqual(['login_required', 'login_required'])
          const tokens = await Promise.all(
            codes
              .filter(({ code }) => code !== '')
              .map(({ flow, code }, racer) =>
                token(arena.at(racer, '/token'), arena.party, exchangeOf(flow, code)),
              ),
          )
          for (const { status, access_token } of tokens)
            if (status === 200) expect(await userinfoOf(arena.at(round, '/userinfo'), access_token)).toBe(401)
        },
      )

      sparring('open two applications at once: all get in, and stay in', async (racers, round) => {
        const visitor = await arena.signedIn()
        const opened = await race(racers, (racer) =>
          silently(arena, racer, visitor, racer % 4 < 2 ? arena.party : arena.other),
        )
        expect(opened.map(({ error }) => error)).toEqual(Array(racers).fill(''))
        const tokens = await race(racers, (racer) => {
          const { flow, code } = opened[racer] ?? { flow: undefined, code: '' }
          if (flow === undefined) throw new Error('nobody opened it')
          return token(
            arena.at(racer, '/token'),
            racer % 4 < 2 ? arena.party : arena.other,
            exchangeOf(flow, code),
          )
        })
        expect(tokens.map(({ status }) => status)).toEqual(Array(racers).fill(200))
        for (const { access_token } of tokens.slice(0, 4))
          expect(await userinfoOf(arena.at(round, '/userinfo'), access_token)).toBe(200)
      })
    })
  })
}

function expectOneWinner(answers: readonly Answer[], error: string): void {
  const winners = answers.filter(({ status }) => status === 200)
  expect(winners).toHaveLength(1)
  for (const answer of answers) if (answer.status !== 200) expect(answer.error).toBe(error)
}

function passwordOf(racer: number): string {
  return `orchard number ${racer} in late autumn`
}

async function signInWith(arena: Arena, email: string, typed = password): Promise<Page> {
  const visitor = createVisitor({ stopAt: 'https://rp.example.com/callback', headers: elsewhere() })
  const identify = await visitor.get((await arena.party.begin()).url)
  return visitor.submit(await visitor.submit(identify, { identifier: email }), { password: typed })
}

const machines = new WeakMap<Arena, ReturnType<typeof makeMachine>>()

/** A client with a key of its own. */
function machineOf(arena: Arena): ReturnType<typeof makeMachine> {
  const made = machines.get(arena) ?? makeMachine(arena)
  machines.set(arena, made)
  return made
}

async function makeMachine({ house, issuer }: Arena) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'own', alg: 'ES256', use: 'sig' }
  const created = await house.clients.create(
    {
      metadata: {
        client_name: 'Machine',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [jwk] },
      },
    },
    operator,
  )
  if (created.status !== 'created') throw new Error(created.reasons.join('; '))
  const { id } = created.client
  const assertion = () =>
    new SignJWT({ jti: randomBytes(16).toString('base64url') })
      .setProtectedHeader({ alg: 'ES256', kid: 'own' })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime('2m')
      .sign(privateKey)
  return { id, assertion }
}
