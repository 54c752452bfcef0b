/** A real provider of OpenID Connect on loopback, whose people are whoever they say: `cy` is cy@example.com, eve@else.org is herself. */
import { createServer, type RequestListener } from 'node:http'
import { Provider } from 'oidc-provider'
import type { Suite } from '../setup/stack.ts'

export interface IdentityProvider {
  issuer: string
  client_id: string
  client_secret: string
  /** The address to which it may send people back: known once it is configured. */
  allow(redirect_uri: string): void
}

export async function startIdentityProvider(suite: Suite, domain: string): Promise<IdentityProvider> {
  let answer: RequestListener = (_request, response) => response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  suite.atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  const issuer = `http://127.0.0.1:${port}`
  const [client_id, client_secret] = ['atalaya', 'a-secret-that-is-never-answered']
  const allow = (redirect_uri: string) => {
    const provider = new Provider(issuer, {
      clients: [{ client_id, client_secret, redirect_uris: [redirect_uri] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      cookies: { keys: ['loopback'] },
      features: { devInteractions: { enabled: true } },
      findAccount: (_ctx, id) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          email: id.includes('@') ? id : `${id}@${domain}`,
          email_verified: true,
          name: `Person ${id}`,
        }),
      }),
    })
    answer = provider.callback()
  }
  return { issuer, client_id, client_secret, allow }
}
