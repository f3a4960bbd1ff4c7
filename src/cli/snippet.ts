export interface SnippetFacts {
  readonly issuer: string
  readonly clientId: string
  readonly secret?: string | undefined
  readonly redirectUri: string
}

/** The snippet is a server of its own on the callback's port: for anything but plain http on this machine it could not be one. */
export function canRunHere(redirectUri: string): boolean {
  const { protocol, hostname } = new URL(redirectUri)
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

/**
 * A whole relying party as shell commands that work as pasted: `openid-client`, PKCE, state bound to the browser, and a page that shows the claims.
 * For a redirect URI that `canRunHere`.
 */
export function snippet({ issuer, clientId, secret, redirectUri }: SnippetFacts): string {
  const callback = new URL(redirectUri)
  const port = callback.port || '80'
  const keepSecret = secret === undefined ? '' : `printf %s ${secret} > client-secret\n`
  const readSecret = secret === undefined ? '' : "import { readFileSync } from 'node:fs'\n"
  const authentication =
    secret === undefined ? 'client.None()' : "client.ClientSecretBasic(readFileSync('client-secret', 'utf8'))"
  const options = issuer.startsWith('http://') ? ',\n  { execute: [client.allowInsecureRequests] }' : ''
  return `npm init -y && npm install openid-client
${keepSecret}cat > app.mjs <<'END'
${readSecret}import { createServer } from 'node:http'
import * as client from 'openid-client'

const issuer = new URL(${JSON.stringify(issuer)})
const redirectUri = ${JSON.stringify(redirectUri)}
const signet = await client.discovery(issuer, ${JSON.stringify(clientId)}, undefined, ${authentication}${options})
const flows = new Map()

createServer(async (request, response) => {
  const url = new URL(request.url, redirectUri)
  try {
    if (url.searchParams.has('state')) {
      const expectedState = request.headers.cookie?.match(/flow=([\\w-]+)/)?.[1]
      const pkceCodeVerifier = flows.get(expectedState)
      flows.delete(expectedState)
      if (!pkceCodeVerifier) throw new Error('This sign-in is over. Start again at /')
      const tokens = await client.authorizationCodeGrant(signet, url, { pkceCodeVerifier, expectedState })
      const claims = tokens.claims()
      const person = await client.fetchUserInfo(signet, tokens.access_token, claims.sub)
      response.end('Signed in: ' + JSON.stringify({ claims, person }, null, 2))
      return
    }
    const [fresh, verifier] = [client.randomState(), client.randomPKCECodeVerifier()]
    flows.set(fresh, verifier)
    const target = client.buildAuthorizationUrl(signet, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: fresh,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    response.setHeader('set-cookie', 'flow=' + fresh + '; HttpOnly; SameSite=Lax; Path=/')
    response.writeHead(303, { location: target.href }).end()
  } catch (error) {
    response.writeHead(400).end(String(error))
  }
}).listen(${port}, () => process.stdout.write('Open ${callback.origin}/\\n'))
END
node app.mjs
`
}
