/** Where applications call by themselves, and how: answered in JSON, errors too, and never with a page. */
export const machinePaths: ReadonlyMap<string, string> = new Map([
  ['/.well-known/openid-configuration', 'GET, HEAD'],
  ['/.well-known/oauth-authorization-server', 'GET, HEAD'],
  ['/jwks', 'GET, HEAD'],
  ['/token', 'POST'],
  ['/userinfo', 'GET, HEAD, POST'],
  ['/introspect', 'POST'],
  ['/revoke', 'POST'],
])
