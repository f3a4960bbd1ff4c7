import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { placesOnDisk } from '../../support/mmdb.ts'
import { addPerson, prove } from '../../support/person.ts'
import { createVisitor, words } from '../../support/visitor.ts'
import { openSignet } from '../support/server.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-places-'))
})

afterEach(() => rm(folder, { recursive: true }))

it('shows where a session, an action and a message came from, in the language of the reader', async () => {
  const signet = await openSignet(await placesOnDisk(folder))
  await addPerson(signet.house)
  const visitor = createVisitor({ headers: { 'x-forwarded-for': '203.0.113.7' } })
  await prove(visitor, await visitor.get(`${signet.issuer}/account`))
  const portal = async (path: string) => words(await visitor.get(`${signet.issuer}/account/${path}`))
  expect(await portal('sessions')).toContain('Munich, Germany (203.0.113.7)')
  expect(await portal('activity')).toContain('Munich, Germany (203.0.113.7)')
  expect(await portal('sessions?lang=de')).toContain('München, Deutschland (203.0.113.7)')
  const [signedIn] = (await signet.house.audit.list({ action: 'authentication.completed', limit: 1 })).items
  expect(signedIn?.personal).toMatchObject({ address: '203.0.113.7', country: 'DE' })
})

it('shows the address alone where no place is known', async () => {
  const signet = await openSignet(await placesOnDisk(folder))
  await addPerson(signet.house)
  const visitor = createVisitor({ headers: { 'x-forwarded-for': '10.1.2.3' } })
  await prove(visitor, await visitor.get(`${signet.issuer}/account`))
  const page = words(await visitor.get(`${signet.issuer}/account/sessions`))
  expect(page).toContain('10.1.2.3')
  expect(page).not.toContain('(10.1.2.3)')
})

it('does not start with a database that is missing, and says which', async () => {
  const file = join(folder, 'none.mmdb')
  await expect(openSignet({ SIGNET_PLACES__DATABASE: file })).rejects.toThrow(
    `places.database: ${file} cannot be read (ENOENT)`,
  )
})
