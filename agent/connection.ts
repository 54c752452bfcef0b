/** How the agent reaches NATS: for ever, whatever happens to the server or to its credentials. */
import { SUBJECTS } from '#connectors/wire.ts'
import { type Auth, jwtAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node'
import type { Identity } from './identity.ts'

/** A server that is killed amid a handshake may leave it open for ever: it is tried again soon. */
const HANDSHAKE_MS = 5_000

const isLoopback = (hostname: string) =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)

/** A certificate that no public authority signed: the PEM file of whoever did. */
const tls = () => (process.env.ATALAYA_NATS_CA ? { caFile: process.env.ATALAYA_NATS_CA } : {})

/** Credentials in a NATS address are for us to pass on: the client doesn't look for them there. */
export function connection(nats_url: string) {
  const url = new URL(nats_url)
  if (url.protocol !== 'tls:' && !isLoopback(url.hostname))
    throw new Error(
      `NATS at ${url.host} is no tls:// address: reports would travel in the clear. Give that server a certificate, and the control plane ATALAYA_AGENT_NATS_URL=tls://…`,
    )
  const user = decodeURIComponent(url.username) || undefined
  const pass = decodeURIComponent(url.password) || undefined
  const servers = `${url.hostname}:${url.port || 4222}`
  const login = user && !pass ? { token: user } : { user, pass }
  return { servers, ...login, ...(url.protocol === 'tls:' ? { tls: tls() } : {}) }
}

/** Reconnecting is spread over two seconds: a fleet that lost its server at once doesn't come back at once. */
export function connectionOptions(
  { agent_id, nats_url, seed }: Identity,
  /** the one to show now; null: the address holds all there is */
  jwt: () => string | null,
): NodeConnectionOptions {
  const { user, pass, token, ...server } = connection(nats_url) as ReturnType<typeof connection> & Partial<Login>
  const byAddress: Auth = token === undefined ? { user: user ?? '', pass: pass ?? '' } : { auth_token: token }
  const byJwt = jwtAuthenticator(() => jwt() ?? '', new TextEncoder().encode(seed))
  return {
    ...server,
    authenticator: (nonce) => (jwt() === null ? byAddress : byJwt(nonce)),
    name: `atalaya-agent ${agent_id}`,
    inboxPrefix: SUBJECTS.inbox(agent_id),
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    timeout: HANDSHAKE_MS,
    reconnectTimeWait: 1_000,
    reconnectJitter: 2_000,
    reconnectJitterTLS: 2_000,
  }
}

interface Login {
  user: string
  pass: string
  token: string
}
