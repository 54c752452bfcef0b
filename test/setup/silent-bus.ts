/** A bus on which nobody listens or speaks, for commands and suites that look at something else. */
import type { Bus } from '#control-plane/bus/index.ts'

export const silentBus: Bus = {
  serve: () => {},
  subscribe: () => {},
  publish: () => true,
  request: () => Promise.reject(new Error('nobody answers here')),
  onConnect: () => {},
  connected: () => true,
  log: { append: async () => {}, last: async () => null },
  close: async () => {},
}
