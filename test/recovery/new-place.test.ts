/** People are told of a sign-in far from where they ever were, once, and not on top of a message about a new device. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { placesOnDisk } from '../support/mmdb.ts'
import { keyIn, mailsTo, told } from '../support/objection.ts'
import { addPerson, prove } from '../support/person.ts'
import { type Signet, useSignet } from '../support/signet.ts'
import { eachStore } from '../support/stores.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'

const [munich, augsburg, tokyo] = ['203.0.113.7', '203.0.113.200', '2001:db8:2::1']
const ana = 'ana@example.com'
const visit = { address: munich, language: 'en', userAgent: 'test' }

eachStore((_, __, fresh) => {
  const open = useSignet(fresh)
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signet-place-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function scene(env: Readonly<Record<string, string>> = {}) {
    const signet = await open({ env: { ...(await placesOnDisk(folder)), ...env } })
    const id = await addPerson(signet.house)
    const headers = { 'x-forwarded-for': munich }
    const mine = createVisitor({ headers })
    const signIn = async (from: string, who: Visitor = mine) => {
      headers['x-forwarded-for'] = from
      for (const key of [...who.cookies.keys()]) if (key.includes('session')) who.cookies.delete(key)
      await prove(who, await who.get(`${signet.issuer}/account`))
    }
    await signIn(munich)
    return { signet, id, signIn, headers }
  }

  /** Everything that was put off is done, and a later message is there. */
  async function subjects(signet: Signet): Promise<string[]> {
    await signet.house.links.request(ana, { ...visit, traceId: 'test' })
    await told(signet, ana, /way back/)
    return (await mailsTo(signet.issuer, ana)).map(({ subject }) => subject)
  }

  it('told once, from far away; "this wasn’t me" ends that session and no other', async () => {
    const { signet, id, signIn } = await scene()
    await signIn(augsburg)
    await signIn(tokyo)
    const message = await told(signet, ana, /new place/)
    expect(message.text).toMatch(/Tokyo/)
    const before = await signet.house.oidc.sessions.list(id)
    const raised = await signet.house.objections.raise(keyIn(message), visit)
    expect(raised).toEqual({ status: 'done', ended: ['session-ended'] })
    expect(await signet.house.oidc.sessions.list(id)).toHaveLength(before.length - 1)
    await signIn(munich)
    await signIn(tokyo)
    expect((await subjects(signet)).filter((one) => /new place/.test(one))).toHaveLength(1)
  })

  it('a new device in a new place is told of once, as a new device', async () => {
    const { signet, signIn, headers } = await scene()
    await signIn(tokyo, createVisitor({ headers }))
    await told(signet, ana, /New sign-in/)
    await signIn(tokyo)
    expect((await subjects(signet)).filter((one) => /new place/.test(one))).toEqual([])
  })

  it('can be turned off', async () => {
    const { signet, signIn } = await scene({ SIGNET_ALERTS__NEW_PLACE: 'false' })
    await signIn(tokyo)
    expect((await subjects(signet)).filter((one) => /new place/.test(one))).toEqual([])
  })
})
