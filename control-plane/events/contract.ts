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
    actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
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
