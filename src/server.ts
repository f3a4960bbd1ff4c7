/**
 * The server: the services (house/) with the entrance (http/) on them, and what runs beside it. `start` is all there is; main.ts has the command line.
 */
import type { Started } from './cli/index.ts'
import { demoClientId } from './clients/built-in.ts'
import type { Config } from './config.ts'
import { hour, minute } from './domain/time.ts'
import { compose, type House, type Surroundings } from './house/index.ts'
import { demoUrl, resourcesOf } from './house/settings.ts'
import { createApp } from './http/app.ts'
import { listen } from './http/listen.ts'
import { startSweeper } from './storage/sweeper.ts'

export interface Running {
  readonly started: Started
  /** For tests and the demo application: what the server runs on. */
  readonly house: House
  /** Requests in flight end, then everything is let go. Safe to call twice. */
  stop(): Promise<void>
}

/** Runs the server; resolves once it answers. Whatever fails on the way is undone and thrown. */
export async function start(config: Config, surroundings: Surroundings): Promise<Running> {
  const house = await compose(config, surroundings)
  const undo: (() => Promise<unknown>)[] = [() => house.close()]
  const stop = once(async () => {
    for (const step of undo.toReversed()) await step()
  })
  try {
    await house.networks.open()
    const application = createApp({ ...house, settings: { ...config, resources: resourcesOf(config) } })
    const server = await listen(application.callback(), config)
    undo.push(() => server.close())
    house.queue.start()
    const sweeper = startSweeper(house.store, house.clock, minute)
    undo.push(() => sweeper.stop())
    const chores = setInterval(() => void house.identities.freeOrphanedClaims().catch(() => undefined), hour)
    undo.push(async () => clearInterval(chores))
    const demo = config.demo.enabled ? await startDemo(house) : undefined
    if (demo !== undefined) undo.push(() => demo.close())
    return { house, stop, started: await addresses(house, demo?.url) }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startDemo(house: House): Promise<{ url: string; close(): Promise<void> }> {
  const { config, demoSecret } = house
  const { startDemo: startApplication } = await import('../examples/demo/app.ts')
  await inviteFirstPerson(house)
  return startApplication({
    issuer: config.issuer,
    port: Number(new URL(demoUrl(config)).port),
    clientId: demoClientId,
    clientSecret: demoSecret,
    loginHint: firstPerson.email,
    inboxUrl: `${config.issuer}/inbox`,
  })
}

/** Development's seeded person. Their invitation waits in the inbox; nothing has a default password. */
const firstPerson = { email: 'sam@example.com', name: 'Sam Sample' }

async function inviteFirstPerson({ identities, links }: House): Promise<void> {
  const by = { kind: 'system' } as const
  const identifiers = [{ kind: 'email', written: firstPerson.email }] as const
  const created = await identities.create(
    { identifiers, claims: { name: firstPerson.name }, state: 'invited' },
    by,
  )
  if (created.status === 'created') await links.invite(created.identity.id, by, { language: 'en' })
}

async function addresses({ config, setup }: House, demo: string | undefined): Promise<Started> {
  const needsSetup = await setup.needed()
  return {
    issuer: config.issuer,
    ...(demo === undefined ? {} : { demo }),
    ...(config.inbox ? { inbox: `${config.issuer}/inbox` } : {}),
    ...(needsSetup ? { setup: { url: `${config.issuer}/setup`, code: await setup.code() } } : {}),
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
