import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { choose, make, warnings } from './password-tools.ts'

describe('the breach check', () => {
  const asked: string[] = []
  const leaked = 'a leaked but long password'
  const suffix = createHash('sha1').update(leaked).digest('hex').toUpperCase().slice(5)
  let mode: 'list' | 'padding' | 'broken' | 'hang' = 'list'
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['add-padding']}`)
    if (mode === 'hang') return undefined
    if (mode === 'broken') return void response.writeHead(500).end()
    response.end(`0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n${suffix}:${mode === 'padding' ? 0 : 42}\r\n`)
  })
  const ready = new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`),
    )
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const factor = async (timeout = 10_000) => make({ breach_check: { url: await ready, timeout } })

  it('S25: refuses a leaked password and tells the service five digits of its hash', async () => {
    mode = 'list'
    expect(await choose(leaked, {}, await factor())).toEqual({ status: 'refused', reason: 'breached' })
    expect(asked).toEqual([
      `/range/${createHash('sha1').update(leaked).digest('hex').toUpperCase().slice(0, 5)} true`,
    ])
    expect(await choose('one that nobody has leaked', {}, await factor())).toMatchObject({
      status: 'enrolled',
    })
  })

  it('takes padding for what it is', async () => {
    mode = 'padding'
    expect(await choose(leaked, {}, await factor())).toMatchObject({ status: 'enrolled' })
  })

  it('F13: lets people go on when the service is broken or hangs, and says so in the log', async () => {
    for (const fault of ['broken', 'hang'] as const) {
      mode = fault
      warnings.length = 0
      expect(await choose(leaked, {}, await factor(200))).toMatchObject({ status: 'enrolled' })
      expect(warnings).toHaveLength(1)
    }
  })

  it('is off unless it is configured', async () => {
    asked.length = 0
    expect(await choose(leaked)).toMatchObject({ status: 'enrolled' })
    expect(asked).toEqual([])
  })
})
