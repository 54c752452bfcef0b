/** Words of mails: what was sent to whom, how far it is, and what the server said. */
import { z } from 'zod'
import { Account } from '../accounts/contract.ts'
import { Id, InstantText, PageQuery } from '../http/contract.ts'

/**
 * `queued`: it waits for its turn, or for another try; `sending`: a server is being spoken to; `sent`: a server took it; `failed`: it
 * was refused for good; `unknown`: it was handed over, and whether the server took it can't be known. Nothing unknown is sent again
 * by itself.
 */
export const MailState = z.enum(['queued', 'sending', 'sent', 'failed', 'unknown'])
export type MailState = z.infer<typeof MailState>

export const Mail = z
  .object({
    id: Id,
    subject: z
      .object({ kind: z.enum(['invoice']), id: Id, name: z.string() })
      .meta({ description: 'what it carries: a document by its number' }),
    account: Account.pick({ id: true, name: true }),
    recipient: z.string(),
    copy: z.int().meta({ description: '0: the first mail to this recipient; above that it was sent again by hand' }),
    state: MailState,
    is_open: z.boolean().meta({ description: 'failed or unknown, and nobody has seen to it yet' }),
    attempts: z.int(),
    next_at: InstantText.nullable().meta({ description: 'when it is tried next' }),
    queued_at: InstantText,
    queued_by: z.string(),
    sent_at: InstantText.nullable(),
    answer: z.string().meta({ description: 'what the server said when it took it' }),
    reason: z.string().meta({ description: 'why it has not gone yet, or never will' }),
    message_id: z.string(),
  })
  .meta({ id: 'Mail' })
export type Mail = z.infer<typeof Mail>

export const MailQuery = PageQuery.extend({
  state: MailState.optional(),
  open: z.enum(['true', 'false']).optional().meta({ description: 'only those that wait for a person, or the others' }),
  account_id: Id.optional(),
  subject_id: Id.optional().meta({ description: 'of one document' }),
})
export type MailQuery = z.infer<typeof MailQuery>

/** An address of RFC 5321, without the forms that nobody has. */
export const MailAddress = z
  .string()
  .max(254)
  .regex(/^[^\s@<>"(),:;\\[\]]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be an e-mail address')
