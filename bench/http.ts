import { Pool } from 'undici'

export interface Answer {
  readonly status: number
  readonly location: string
  readonly cookies: readonly string[]
  readonly text: string
}

export interface Http {
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(
    path: string,
    form: URLSearchParams | Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Answer>
  close(): Promise<void>
}

interface Caller {
  readonly connections: number
  /** One of this machine's loopback addresses, to be somebody else. */
  readonly localAddress?: string
}

/** Keep-alive connections to a server on this machine, whatever name it answers to. */
export function createHttp(origin: string, caller: Caller): Http {
  const { host, port } = new URL(origin)
  const { connections, localAddress } = caller
  const from = localAddress === undefined ? {} : { localAddress }
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1, ...from })

  async function send(options: {
    method: 'GET' | 'POST'
    path: string
    headers?: Record<string, string> | undefined
    body?: string
  }): Promise<Answer> {
    const { headers, statusCode, body } = await pool.request({
      ...options,
      path: options.path.startsWith('http') ? pathOf(options.path) : options.path,
      headers: { host, ...options.headers },
    })
    const text = await body.text()
    const { location = '', 'set-cookie': cookies = [] } = headers
    return { status: statusCode, location: String(location), cookies: [cookies].flat(), text }
  }

  return {
    get: (path, headers) => send({ method: 'GET', path, headers }),
    post: (path, form, headers) =>
      send({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: String(form instanceof URLSearchParams ? form : new URLSearchParams(form)),
      }),
    close: () => pool.destroy(),
  }
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** The answer's JSON; throws with the body when the status is another one. */
export function expectJson(answer: Answer, status = 200): Record<string, string> {
  if (answer.status !== status) throw new Error(`answered ${answer.status}: ${answer.text.slice(0, 300)}`)
  return JSON.parse(answer.text)
}
