import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { Problem } from '../../../src/domain/problem.ts'
import type { Middleware } from '../../../src/http/middleware/middleware.ts'
import { createUploadRoom, upload } from '../../../src/http/middleware/upload.ts'
import { send, serve } from '../support/server.ts'

const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(100, 1)])
const pdf = Buffer.from('%PDF-1.7 and so on')
const boundary = 'signet-test'

const rules = {
  fields: ['picture', 'paper'],
  most: 2,
  maxBytes: 1_000,
  types: ['image/png', 'application/pdf'],
} as const

/** Problems become their status, as the error page would have it. */
const statusOf: Middleware = async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    ctx.status = error instanceof Problem ? error.status : 500
    ctx.body = String(error)
  }
}
const address: Middleware = (ctx, next) => {
  ctx.state.address = '192.0.2.1'
  return next()
}

const open = () =>
  serve([statusOf, address, upload(rules, createUploadRoom())], ({ state }) => ({
    form: { ...state.form },
    files: state.uploads.files.map(({ fieldName, type, bytes }) => [fieldName, type, bytes.length]),
    refused: state.uploads.refused.map(({ fieldName, reason }) => [fieldName, reason]),
  }))

function part(name: string, value: string | Buffer, fileName?: string, type = 'image/png'): Buffer {
  const file = fileName === undefined ? '' : `; filename="${fileName}"\r\ncontent-type: ${type}`
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n`),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ])
}

const body = (...parts: Buffer[]) => Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])
const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }

async function post(url: string, content: Buffer) {
  const answer = await send(url, { method: 'POST', headers, body: content })
  return { status: answer.status, ...(answer.status === 200 ? JSON.parse(answer.body) : {}) }
}

describe('a form with files', () => {
  it('gives its text and its files, by what they begin with and not by what they are called', async () => {
    const { url } = await open()
    expect(
      await post(
        url,
        body(
          part('csrf', 'x'),
          part('note', 'grüß'),
          part('picture', png, 'a.exe', 'text/plain'),
          part('paper', pdf, '../b'),
        ),
      ),
    ).toEqual({
      status: 200,
      form: { csrf: 'x', note: 'grüß' },
      files: [
        ['picture', 'image/png', png.length],
        ['paper', 'application/pdf', pdf.length],
      ],
      refused: [],
    })
  })

  it('takes a field in which nothing was chosen for no file, and a form without files in either writing', async () => {
    const { url } = await open()
    const nothing = body(part('csrf', 'x'), part('picture', '', '', 'application/octet-stream'))
    expect(await post(url, nothing)).toMatchObject({ status: 200, files: [], refused: [] })
    const plain = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'csrf=x',
    })
    expect(JSON.parse(plain.body)).toEqual({ form: { csrf: 'x' }, files: [], refused: [] })
  })

  it('S41: keeps no file that lies about its type, is too large, or is one too many, and says which', async () => {
    const { url } = await open()
    const html = Buffer.from('<!doctype html><script>alert(1)</script>')
    expect(await post(url, body(part('picture', html, 'me.png')))).toMatchObject({
      files: [],
      refused: [['picture', 'type']],
    })
    const large = Buffer.concat([png, Buffer.alloc(2_000)])
    expect(await post(url, body(part('picture', large, 'me.png'), part('csrf', 'x')))).toMatchObject({
      form: { csrf: 'x' },
      files: [],
      refused: [['picture', 'size']],
    })
    const three = body(part('picture', png, '1'), part('picture', png, '2'), part('paper', pdf, '3'))
    expect(await post(url, three)).toMatchObject({ files: [{}, {}], refused: [['paper', 'count']] })
  })

  it('S41: a body that is far too large gets 413, whether or not it says so in advance', async () => {
    const { url } = await open()
    const huge = body(part('picture', Buffer.alloc(200_000), 'me.png'))
    expect((await post(url, huge)).status).toBe(413)
    const chunked = { ...headers, 'transfer-encoding': 'chunked' }
    expect((await send(url, { method: 'POST', headers: chunked, body: huge })).status).toBe(413)
  })

  it('S41: refuses whatever no form of ours sends', async () => {
    const { url } = await open()
    const bad = {
      twice: body(part('csrf', 'a'), part('csrf', 'b')),
      'a file nobody asked for': body(part('other', png, 'me.png')),
      NUL: body(part('note', 'a\0b')),
      'broken UTF-8': body(part('note', Buffer.from([0xff, 0xfe]))),
      'no end': body(part('csrf', 'x')).subarray(0, -8),
      'no name': Buffer.from(
        `--${boundary}\r\ncontent-disposition: form-data\r\n\r\nx\r\n--${boundary}--\r\n`,
      ),
      'text without end': body(part('note', 'a'.repeat(66_000))),
      'many parts': body(...Array.from({ length: 80 }, (_, index) => part(`n${index}`, 'x'))),
      'many files': body(...Array.from({ length: 80 }, () => part('picture', png, 'x'))),
    }
    for (const [name, content] of Object.entries(bad))
      expect([name, (await post(url, content)).status]).toEqual([name, 400])
    for (const type of ['multipart/form-data', 'multipart/mixed; boundary=x', 'text/plain'])
      expect(
        (await send(url, { method: 'POST', headers: { 'content-type': type }, body: body() })).status,
      ).toBe(400)
  })

  it('takes few at a time from one address, and gives a place back when whoever had it hangs up', async () => {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const { url, port } = await serve(
      [statusOf, address, upload(rules, createUploadRoom({ most: 3, perAddress: 2 }))],
      async (ctx) => {
        if (ctx.state.form.wait === 'yes') await held
        return 'ok'
      },
    )
    const content = body(part('wait', 'yes'))
    const waiting = [send(url, { method: 'POST', headers, body: content })]
    const slow = connect(port, '127.0.0.1')
    await once(slow, 'connect')
    slow.write(
      `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\ncontent-type: ${headers['content-type']}\r\n\r\n--`,
    )
    await wait(100)
    expect((await send(url, { method: 'POST', headers, body: body() })).status).toBe(503)
    slow.destroy()
    await wait(100)
    expect((await send(url, { method: 'POST', headers, body: body() })).status).toBe(200)
    letGo()
    expect((await Promise.all(waiting))[0]?.status).toBe(200)
  })

  it('S41: holds so much of all uploads together and no more, until whoever sent it is answered', async () => {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const entered = vi.fn()
    const room = createUploadRoom({ bytes: 1_500 })
    const { url } = await serve([statusOf, address, upload(rules, room)], async (ctx) => {
      entered()
      if (ctx.state.form.wait === 'yes') await held
      return 'ok'
    })
    const sent = (content: Buffer) => send(url, { method: 'POST', headers, body: content })
    const waiting = sent(body(part('wait', 'yes'), part('text', 'x'.repeat(1_000))))
    await vi.waitFor(() => expect(entered).toHaveBeenCalledOnce(), { timeout: 20_000 })
    const other = body(part('text', 'x'.repeat(1_000)))
    expect((await sent(other)).status).toBe(503)
    expect((await sent(body())).status).toBe(200)
    letGo()
    expect((await waiting).status).toBe(200)
    expect((await sent(other)).status).toBe(200)
  })
})
