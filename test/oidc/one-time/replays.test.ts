import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'
import { beforeAll, expect, it } from 'vitest'
import { eachStore } from '../../support/stores.ts'
import { token } from '../support/application.ts'
import { useNodes } from '../support/nodes.ts'
import { assertion } from '../support/provider-server.ts'

eachStore((_, open) => {
  const nodes = useNodes(open)
  let key: CryptoKey
  let machineKey: JWK

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    key = pair.privateKey
    machineKey = { ...(await exportJWK(pair.publicKey)), kid: 'machine', use: 'sig' }
  })

  function authenticate(issuer: string, client_assertion: string) {
    return token(issuer, {
      grant_type: 'client_credentials',
      client_id: 'machine',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion,
    })
  }

  it.each([2, 8, 32])(
    'S9 F3: of %i racers over two instances exactly one uses a client assertion',
    async (racers) => {
      const [one, two] = await nodes(2, { machineKey })
      for (let round = 0; round < 3; round++) {
        const once = await assertion(key, [one.issuer, two.issuer], `round ${round}`)
        const answers = await Promise.all(
          Array.from({ length: racers }, (_, index) =>
            authenticate(index % 2 ? one.issuer : two.issuer, once),
          ),
        )
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
        expect(answers.filter(({ error }) => error === 'invalid_client')).toHaveLength(racers - 1)
      }
    },
  )

  it('S9: an assertion that claims to live longer than five minutes is refused', async () => {
    const [{ issuer }] = await nodes(1, { machineKey })
    const answer = await authenticate(issuer, await assertion(key, [issuer], 'long', 3_600))
    expect(answer).toMatchObject({ status: 401, error: 'invalid_client' })
    expect(await nodes.store().replays.count()).toBe(0)
  })

  it('S9: the same jti of two issuers is two', async () => {
    const [{ provider }] = await nodes(1)
    const { ReplayDetection } = provider as unknown as {
      ReplayDetection: { unique(issuer: string, jti: string, exp: number): Promise<boolean> }
    }
    const exp = Math.floor(Date.now() / 1000) + 60
    expect(await ReplayDetection.unique('a', 'bc', exp)).toBe(true)
    expect(await ReplayDetection.unique('ab', 'c', exp)).toBe(true)
    expect(await ReplayDetection.unique('ab', 'c', exp)).toBe(false)
  })
})
