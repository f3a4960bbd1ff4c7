import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/storage/open.ts'
import { onMongodb } from '../support/stores.ts'

/** A wire to the database that can be cut, or hold its breath. */
async function createWire(target: URL) {
  const sockets = new Set<Socket>()
  let holding = false
  let server: Server
  function accept(near: Socket) {
    const far = connect(Number(target.port || 27017), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        near.destroy()
        far.destroy()
        sockets.delete(socket)
      })
    }
    near.on('data', (data) => void (holding || far.write(data)))
    far.on('data', (data) => void near.write(data))
  }
  async function listen(port: number): Promise<number> {
    server = createServer(accept).listen(port, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return (server.address() as { port: number }).port
  }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const port = await listen(0)
  return {
    url: `mongodb://127.0.0.1:${port}${target.pathname}`,
    async down() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
    up: () => listen(port),
    hold() {
      holding = true
    },
    release() {
      holding = false
      cut()
    },
  }
}

describe('a database that goes away', () => {
  onMongodb((_, fresh) => {
    let down: (() => Promise<void>) | undefined
    afterEach(() => down?.())

    async function wired() {
      const wire = await createWire(new URL(await fresh()))
      const store = await openStore({ url: wire.url, clock: Date.now })
      down = async () => {
        await store.close()
        await wire.down()
      }
      await store.settings.insert({ id: 'a', value: 'here' })
      return { wire, store }
    }
    const unavailable = { code: 'storage-unavailable', retryAfter: 5 }

    it('is reported by every verb, and is used again once it is back', async () => {
      const { wire, store } = await wired()
      await wire.down()
      await expect(store.ping(500)).rejects.toMatchObject(unavailable)
      const attempts = [
        store.settings.get('a'),
        store.settings.insert({ id: 'b', value: '' }),
        store.settings.put({ id: 'b', value: '' }),
        store.settings.replace({ id: 'a', value: '', version: 1 }),
        store.settings.take('a'),
        store.settings.remove('a'),
        store.artifacts.findBy('uid', 'u'),
        store.artifacts.removeBy('uid', 'u'),
        store.settings.page({ limit: 1 }),
        store.settings.sweep(Date.now(), 1),
        store.settings.count(),
      ]
      const failures = await Promise.allSettled(attempts)
      for (const failure of failures) {
        expect(failure).toMatchObject({ status: 'rejected', reason: unavailable })
      }
      await wire.up()
      expect((await store.settings.get('a'))?.value).toBe('here')
    })

    it('without a word is given up after 5 seconds, and what was asked may have been done', async () => {
      const { wire, store } = await wired()
      wire.hold()
      const attempts = [store.ping(200), store.settings.get('a'), store.settings.take('a')]
      for (const attempt of attempts) await expect(attempt).rejects.toMatchObject(unavailable)
      wire.release()
      expect(await store.settings.insert({ id: 'c', value: '' })).toBe(true)
    }, 20_000)
  })
})
