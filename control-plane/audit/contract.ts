/** Words of the audit: who did what, as it was sealed, and what a verification found. */
import { z } from 'zod'
import { Event } from '../events/contract.ts'
import { Id, InstantText, PageQuery } from '../http/contract.ts'

export const AuditRecord = z
  .object({ ...Event.shape, sealed: z.boolean().meta({ description: 'true: a seal of the chain covers it' }) })
  .meta({ id: 'AuditRecord' })
export type AuditRecord = z.infer<typeof AuditRecord>

export const AuditFilter = z.object({
  actor: z.string().max(256).optional().meta({ description: 'id or name of who did it; of a person his e-mail, too' }),
  subject_kind: z.string().max(100).optional(),
  subject_id: z.string().max(256).optional(),
  type: z.string().max(100).optional().meta({ description: 'how the type begins: `invoice.`, or all of it' }),
  account_id: Id.optional(),
  from: InstantText.optional(),
  to: InstantText.optional().meta({ description: 'before this instant' }),
})
export type AuditFilter = z.infer<typeof AuditFilter>
export const AuditQuery = PageQuery.extend(AuditFilter.shape)
export type AuditQuery = z.infer<typeof AuditQuery>

/** A place in the chain: all records up to it are fixed by its hash. */
const Head = z.object({ number: z.int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) })

export const AuditExpectation = z.object({
  expected: Head.optional().meta({
    description: 'the `head` of an earlier verification, kept elsewhere: the chain must still lead through it',
  }),
})
export type AuditExpectation = z.infer<typeof AuditExpectation>

export const CHECKS = ['altered', 'deleted', 'inserted', 'seal', 'chain', 'guard', 'expected'] as const
export const AuditFinding = z.object({
  check: z.enum(CHECKS),
  subject: z.string().meta({ description: 'number of a record or a seal, or name of a trigger' }),
  detail: z.string(),
})
export type AuditFinding = z.infer<typeof AuditFinding>

export const AuditVerification = z
  .object({
    seals: z.int(),
    records: z.int().meta({ description: 'sealed records that were compared' }),
    head: Head.nullable().meta({
      description: 'the newest seal; keep it elsewhere to find a chain that was made anew',
    }),
    unsealed: z.object({ count: z.int(), oldest_at: InstantText.nullable() }),
    findings: z.array(AuditFinding),
    findings_left_out: z.int().meta({ description: 'found beyond the first 1,000' }),
  })
  .meta({ id: 'AuditVerification' })
export type AuditVerification = z.infer<typeof AuditVerification>
