/** Words of the intake: what arrived, what was refused and why, and the sums that must hold. */
import { z } from 'zod'
import { Id, InstantText, PageQuery } from '../http/contract.ts'

/** received = duplicate + quarantined + accepted; accepted = metric_only + metered. Counted by arrival hour, in readings. */
export const IntakeHour = z.object({
  source_id: Id,
  hour: InstantText,
  received: z.int(),
  duplicate: z.int(),
  quarantined: z.int(),
  metric_only: z.int(),
  metered: z.int(),
  balanced: z.boolean(),
})
/** metered = rated + unrated + unowned + covered + pending. Counted in hours of usage, per meter. */
export const MeterHour = z.object({
  meter: z.string(),
  hour: InstantText,
  metered: z.int(),
  rated: z.int(),
  unrated: z.int(),
  unowned: z.int(),
  covered: z.int(),
  pending: z.int(),
  balanced: z.boolean(),
})
export const Accounting = z
  .object({
    intake: z.array(IntakeHour),
    meters: z.array(MeterHour),
    quarantine_total: z.int(),
    oldest_pending_ms: z.int().nullable(),
  })
  .meta({ id: 'Accounting' })
export const AccountingQuery = z.object({
  source_id: Id.optional(),
  hours: z.coerce.number().int().min(1).max(168).default(24),
})

export const QuarantineItem = z
  .object({
    id: Id,
    agent_id: Id.nullable(),
    agent_name: z.string().nullable(),
    source_id: Id.nullable(),
    stored_at: InstantText,
    reason: z.string().meta({ description: 'a stable code' }),
    detail: z.string(),
    spool: z.string().nullable(),
    sequence: z.int().nullable(),
    readings: z.int(),
    raw: z.string().meta({ description: 'the first bytes of what arrived' }),
  })
  .meta({ id: 'QuarantineItem' })
export const QuarantineQuery = PageQuery.extend({ source_id: Id.optional(), agent_id: Id.optional() })
