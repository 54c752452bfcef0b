/** How the agent reaches NATS: for ever, whatever happens to the server or to its credentials. */
import { SUBJECTS } from '#connectors/wire.ts'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { Identity } from './identity.ts'

/** Credentials in a NATS address are for us to pass on: the client doesn't look for them there. */
export function connection(nats_url: string) {
  const url = new URL(nats_url)
  const user = decodeURIComponent(url.username) || undefined
  const pass = decodeURIComponent(url.password) || undefined
  const servers = `${url.hostname}:${url.port || 4222}`
  const login = user && !pass ? { token: user } : { user, pass }
  return { servers, ...login, ...(url.protocol === 'tls:' ? { tls: {} } : {}) }
}

/** Reconnecting is spread over two seconds: a fleet that lost its server at once doesn't come back at once. */
export const connectionOptions = ({ agent_id, nats_url }: Identity): NodeConnectionOptions => ({
  ...connection(nats_url),
  name: `atalaya-agent ${agent_id}`,
  inboxPrefix: SUBJECTS.inbox(agent_id),
  maxReconnectAttempts: -1,
  waitOnFirstConnect: true,
  ignoreAuthErrorAbort: true,
  reconnectTimeWait: 1_000,
  reconnectJitter: 2_000,
  reconnectJitterTLS: 2_000,
})
