/** The bus as the program sees it: subjects, requests and the durable stream of events. NATS is one of its two sides. */

export interface Message {
  subject: string
  /** where its sender wants the answer: a sender may name any subject here, also one that he can't reach himself; '' for none */
  reply: string
  /** names as they were sent */
  headers: ReadonlyMap<string, string>
  body: Uint8Array
}

export interface Bus {
  /**
   * Answers requests, shared with every process that serves the same queue. At most `concurrency` run at once;
   * when the handler throws or answers null, nothing is answered and the caller's own time limit ends his wait.
   */
  serve(
    subject: string,
    queue: string,
    handler: (message: Message) => Promise<Uint8Array | null>,
    concurrency: number,
  ): void
  /** Hears what is published; at most once, nothing while disconnected. */
  subscribe(subject: string, handler: (message: Message) => void): void
  /** At most once: false, and not sent, while disconnected. */
  publish(subject: string, body: Uint8Array | string): boolean
  /** Throws Unanswered where no answer came. */
  request(subject: string, body: Uint8Array | string, timeout_ms: number): Promise<Uint8Array>
  /** Calls at each connection, so that what was missed can be read again; at once if connected already. */
  onConnect(handler: () => void): void
  connected(): boolean
  /** The stream that keeps events for those who read them later; rejects while it can't be reached. */
  readonly log: EventLog
  /** Finishes what is being served, then disconnects. */
  close(): Promise<void>
}

export interface EventLog {
  /** Resolves when it is stored; the same id within two minutes is stored once. */
  append(subject: string, id: string, body: string): Promise<void>
  /** The newest body under a subject, which may hold wildcards. */
  last(subject: string): Promise<string | null>
}

export { Authority, type Credential, newTrust, type Trust, trustIn } from './authority.ts'
export { isPlain } from './address.ts'
export type { Way } from './link.ts'
export { connectBus } from './nats.ts'
export { type ServerLink, connectServer } from './server.ts'
export type { Trespass } from './trespass.ts'
export { Unanswered } from './unanswered.ts'
