/** Where applications call by themselves: answered in JSON, errors too, and never with a page. */
export const machinePaths: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/jwks',
  '/token',
  '/userinfo',
  '/introspect',
  '/revoke',
])
