/** What a control plane may ask of an agent by a request on its command subject, and the answers. An agent that knows a command not says nothing. */
import { z } from 'zod'

/** A reply must be out within a minute of its request: NATS allows none later. */
export const COMMAND_LIMITS = {
  checkMs: 30_000,
  /** of what a check says it saw */
  scopes: 50,
  names: 3,
  warnings: 20,
  /** of what a source last said */
  payloadBytes: 64 * 1024,
} as const

const text = (max: number) => z.string().max(max)
const count = z.int().nonnegative()
const failure = z.object({ code: text(64), message: text(2_000), remedy: text(2_000) })

/** Which commands this agent answers: one that doesn't answer is older than commands are. */
export const Abilities = z.object({
  commands: z.array(text(64)).max(64),
  version: text(64),
  /** what waits in its spool to be acknowledged */
  pending: z.object({ batches: count, bytes: count }),
})

/** Opens a connector with these settings and reads once; nothing is stored, nothing is reported. */
export interface CheckCommand {
  command: 'check'
  connector: string
  realm: string
  interval_ms: number
  settings: Record<string, unknown>
  timeout_ms: number
}
export const CheckReply = z.object({
  duration_ms: count,
  /** of the connector */
  version: text(128).nullable(),
  /** what failed; something may have been seen all the same */
  error: failure.nullable(),
  resources: z.array(z.object({ kind: text(64), count, names: z.array(text(512)).max(COMMAND_LIMITS.names) })).max(64),
  scopes: z
    .array(z.object({ kind: text(64), external_id: text(512), complete: z.boolean(), count }))
    .max(COMMAND_LIMITS.scopes),
  /** resources of which something was measured */
  measured: count,
  warnings: z.array(text(2_000)).max(COMMAND_LIMITS.warnings),
})
export type CheckReply = z.infer<typeof CheckReply>

/** What a source said at its last tick. */
export interface LookCommand {
  command: 'look'
  source: string
}
export const LookReply = z.object({
  /** null: this agent doesn't read the source, or it has said nothing since the agent started */
  seen_at_ms: z.int().nullable(),
  facts: z.record(z.string(), count),
  /** JSON of a list of facts, without secrets */
  payload: text(2 * COMMAND_LIMITS.payloadBytes),
  /** facts and rows that are not in it */
  left_out: count,
})
export type LookReply = z.infer<typeof LookReply>
