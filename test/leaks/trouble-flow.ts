import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { prove } from '../support/person.ts'
import { browser, connect } from '../support/relying-party.ts'
import { partyOf, visitorOf, type World } from './world.ts'

/** What goes wrong must not say more than what goes well. */
export async function troubleFlow(world: World): Promise<void> {
  const party = await partyOf(world)
  const visitor = visitorOf(world, browser())
  const typo = 'plenty of orchards in automn'
  world.secrets.add(typo)
  await prove(visitor, await visitor.get((await party.begin()).url), 'bob@example.com', typo)
  // The password typed where the address belongs.
  const page = await visitor.get((await party.begin()).url)
  await visitor.submit(page, { identifier: typo })
  const guess = randomBytes(32).toString('base64url')
  world.secrets.add(guess)
  const wrong = await connect(world.issuer, party.id, guess)
  await expect(wrong.refresh(guess)).rejects.toBeDefined()
  await expect(party.refresh(guess)).rejects.toBeDefined()
  await visitor.get(`${world.issuer}/recovery/link?token=${guess}`)
  await visitor.get(`${world.issuer}/authorize?client_id=${party.id}&id_token_hint=${guess}&state=${guess}`)
  await fetch(`${world.issuer}/userinfo`, { headers: { authorization: `Bearer ${guess}` } })
  await fetch(`${world.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      username: 'bob',
      password: guess,
      client_secret: guess,
    }),
  })
  await fetch(`${world.issuer}/setup`, {
    method: 'POST',
    headers: { cookie: `signet-browser=${guess}; signet-session=${guess}` },
    body: new URLSearchParams({ code: guess, csrf: guess }),
  })
}
