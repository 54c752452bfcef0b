/** A bus on which nobody listens or speaks, for commands and suites that look at something else. */
import { type Bus, Unanswered } from '#control-plane/bus/index.ts'
import { type Admission, Refusals } from '#control-plane/sources/index.ts'

export const silentBus: Bus = {
  serve: () => {},
  subscribe: () => {},
  publish: () => true,
  request: () => Promise.reject(new Unanswered('nobody_listens')),
  onConnect: () => {},
  connected: () => true,
  log: { append: async () => {}, last: async () => null },
  close: async () => {},
}

/** The rest of what a river needs, where no nats-server is looked after and no mail goes out. */
export const unguarded = { server: null, natsLog: undefined, refusals: new Refusals(), mail: null }

/** Agents come in by the password in an address, as with a NATS that trusts no keys of ours. */
export const byPassword: Admission = {
  access: async () => ({ nats_url: 'nats://127.0.0.1:4222', credential: null }),
  challenge: () => 'nobody signs this',
  isFresh: () => false,
}
