export interface SnippetFacts {
  readonly issuer: string
  readonly clientId: string
  readonly secret?: string | undefined
  readonly redirectUri: string
  readonly isPublic: boolean
}

/** A whole relying party as shell commands that work as pasted: `openid-client`, PKCE, state, and a page that shows the claims. */
export function snippet(facts: SnippetFacts): string {
  const insecure = facts.issuer.startsWith('http://')
  const callback = new URL(facts.redirectUri)
  const authentication = facts.isPublic ? 'undefined, client.None()' : 'process.env.CLIENT_SECRET'
  const discovery = insecure
    ? `await client.discovery(new URL('${facts.issuer}'), '${facts.clientId}', ${facts.isPublic ? authentication : `${authentication}, undefined`}, { execute: [client.allowInsecureRequests] })`
    : `await client.discovery(new URL('${facts.issuer}'), '${facts.clientId}', ${authentication})`
  return `npm init -y && npm install openid-client
cat > app.mjs <<'END'
import { createServer } from 'node:http'
import * as client from 'openid-client'

const signet = ${discovery}
const redirectUri = '${facts.redirectUri}'
const flows = new Map()

createServer(async (request, response) => {
  const url = new URL(request.url, redirectUri)
  try {
    if (url.pathname !== '${callback.pathname}' || !url.searchParams.has('state')) {
      const state = client.randomState()
      const verifier = client.randomPKCECodeVerifier()
      flows.set(state, verifier)
      const target = client.buildAuthorizationUrl(signet, {
        redirect_uri: redirectUri, scope: 'openid profile email', state,
        code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      })
      response.writeHead(303, { location: target.href }).end()
      return
    }
    const state = url.searchParams.get('state')
    const tokens = await client.authorizationCodeGrant(signet, url, { pkceCodeVerifier: flows.get(state), expectedState: state })
    flows.delete(state)
    response.end('Signed in: ' + JSON.stringify(tokens.claims(), null, 2))
  } catch (error) {
    response.writeHead(400).end(String(error))
  }
}).listen(${callback.port || (callback.protocol === 'https:' ? 443 : 80)}, () => console.log('Open ${callback.origin}/'))
END
${facts.secret === undefined ? '' : `CLIENT_SECRET='${facts.secret}' `}node app.mjs
`
}
