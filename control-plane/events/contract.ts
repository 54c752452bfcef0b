/** Words of the event stream: what happened, to what, by whom; and notices that wait for a person. */
import { z } from 'zod'
import { Id, InstantText, PageQuery } from '../http/contract.ts'

export const Event = z
  .object({
    id: Id,
    number: z.int().nullable().meta({ description: 'order of commit; null until the dispatcher has seen it' }),
    type: z.string().meta({ example: 'invoice.finalised' }),
    subject: z.object({ kind: z.string(), id: z.string() }),
    account_id: Id.nullable(),
    actor: z.object({
      kind: z.string(),
      id: z.string(),
      name: z.string(),
      as: z
        .object({ account_id: Id, role: z.string() })
        .optional()
        .meta({ description: 'as whom, where staff acted as a customer' }),
    }),
    before: z.json().nullable(),
    after: z.json().nullable(),
    request_id: z.string(),
    occurred_at: InstantText,
  })
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>
export const EventQuery = PageQuery.extend({
  type: z.string().max(100).optional(),
  subject_id: z.string().max(256).optional(),
})
export type EventQuery = z.infer<typeof EventQuery>

/** Opened once when something needs a person, closed once when it is over. */
export const Notice = z
  .object({
    id: Id,
    code: z.string().meta({ example: 'agent.silent' }),
    subject: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    params: z.record(z.string(), z.json()),
    opened_at: InstantText,
    closed_at: InstantText.nullable(),
  })
  .meta({ id: 'Notice' })
export type Notice = z.infer<typeof Notice>

/** Which events an auditor looks at; what is left out is not asked. */
export interface EventFilter {
  /** id or name of who did it; of people the ids of those who are called so: names are sealed */
  actor?: string | undefined
  actor_ids?: readonly string[] | undefined
  /** who did it, or to whom it happened */
  about?: string | undefined
  subject_kind?: string | undefined
  subject_id?: string | undefined
  type?: string | undefined
  /** `invoice.` is all that happened to invoices */
  type_prefix?: string | undefined
  account_id?: string | undefined
  /** in milliseconds; from is in, to is out */
  from?: number | undefined
  to?: number | undefined
}

/** An event as PostgreSQL keeps it, every column as text: what a seal is made of. Reading its JSON would lose digits that a double can't hold. */
export interface EventRecord {
  id: string
  number: string
  type: string
  subject_kind: string
  subject_id: string
  account_id: string | null
  actor: string
  before: string | null
  after: string | null
  request_id: string
  /** milliseconds since 1970 */
  occurred_at: string
}

/** Events that no seal covers yet. */
export interface Tail {
  count: number
  oldest_at: number | null
}
