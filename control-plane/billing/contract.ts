/** Words of billing: drafts, invoices and their frozen content. These shapes are frozen: they only grow. */
import { z } from 'zod'
import { Account, Address, Branding, Language, Logo, TaxCategory } from '../accounts/contract.ts'
import { Plan, PriceBook } from '../catalog/contract.ts'
import { Subscription } from '../contracts/contract.ts'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'
import { Charge } from '../charges/contract.ts'
import { AppliedCoupon } from '../promotions/contract.ts'
import { BlockedGap, Line, Segment, Unrated } from '../rating/contract.ts'
import { Settlement } from '../settlements/contract.ts'
import { TaxReason } from '../tax/contract.ts'

export type { AppliedCoupon, CouponTerms } from '../promotions/contract.ts'

export const CONTENT_SCHEMA_VERSION = 1

export const Party = z.object({ id: Id, name: z.string(), address: Address, tax_id: z.string(), email: z.string() })
export const TaxLine = z.object({
  category: TaxCategory,
  rate: z.string(),
  base: Amount,
  tax: Amount,
  reason: TaxReason.optional().meta({ description: 'why no tax is charged, where none is' }),
})
const Coupons = z.array(AppliedCoupon).optional().meta({ description: 'what took something off its lines' })
export const Totals = z.object({ net: Amount, tax: Amount, total: Amount })

/** How the document looks; absent where its seller has chosen nothing. */
const DocumentBranding = Branding.extend({ logo: Logo.nullable() }).meta({ id: 'DocumentBranding' })
export type DocumentBranding = z.infer<typeof DocumentBranding>

const ByProject = z
  .array(
    z.object({
      project: z.object({ id: Id, name: z.string() }).nullable(),
      net: Amount,
      lines: z.array(z.object({ line_id: z.string(), quantity_display: z.string(), net: Amount })),
    }),
  )
  .meta({
    description: 'what each project bears of the lines; `project` null: what is in none. They add up to the net total',
  })

export const Draft = z
  .object({
    account_id: Id,
    contract_id: Id,
    period: z.object({ from: InstantText, to: InstantText }),
    month: z.string().meta({ example: '2026-11' }),
    cut: z.int(),
    currency: CurrencyCode,
    seller: Party,
    buyer: Party,
    branding: DocumentBranding.optional(),
    language: Language,
    zone: z.string(),
    lines: z.array(Line),
    taxes: z.array(TaxLine),
    coupons: Coupons,
    totals: Totals,
    by_project: ByProject,
    unrated: z.array(Unrated).meta({ description: 'must be empty before finalising' }),
    blocked_gaps: z.array(BlockedGap).meta({ description: 'must be filled or accepted before finalising' }),
  })
  .meta({ id: 'Draft' })
export type Draft = z.infer<typeof Draft>
export const DraftSummary = z
  .object({
    account: Account.pick({ id: true, name: true }),
    period: z.object({ from: InstantText, to: InstantText }),
    currency: CurrencyCode,
    totals: Totals,
    line_count: z.int(),
    unrated_count: z.int(),
    blocked_count: z.int(),
  })
  .meta({ id: 'DraftSummary' })

export const DocumentType = z.enum(['invoice', 'credit_note', 'debit_note'])
export type DocumentType = z.infer<typeof DocumentType>
/** Why an invoice is rated otherwise than when it was issued. */
export const Cause = z.enum([
  'late_facts',
  'corrected_owner',
  'same_machine',
  'corrected_service',
  'corrected_price',
  'shared_anew',
  'new_engine',
  'cancelled_charge',
  'other_charges',
])
export type Cause = z.infer<typeof Cause>
/** What stands behind a line of a note: its service, resource and component as a whole, in the period of the invoice. */
export const Correction = z.object({
  billed: Amount.meta({ description: 'on the invoice and its earlier notes' }),
  due: Amount.meta({ description: "by the facts, owners and prices of the note's cut" }),
  causes: z.array(Cause).min(1),
  lines: z.array(Line).meta({ description: 'what is due, as it is rated now; empty: nothing of it' }),
})
export const DocumentLine = Line.extend({
  correction: Correction.optional().meta({ description: 'of a note: one piece of its net' }),
}).meta({ id: 'DocumentLine' })
export type DocumentLine = z.infer<typeof DocumentLine>
/** A document as others name it. */
export const DocumentRef = z.object({ invoice_id: Id, number: z.string(), issued_at: InstantText })
export type DocumentRef = z.infer<typeof DocumentRef>

/** What is frozen at issue, beside the lines; hashed together with them. */
export const InvoiceContent = z.object({
  schema_version: z.int(),
  engine_version: z.int(),
  number: z.string(),
  document_type: DocumentType,
  corrects: DocumentRef.optional().meta({
    description: 'of a note: the invoice; its amounts on a credit note are credits',
  }),
  one_off: z.literal(true).optional().meta({ description: 'it bills charges alone, and no period' }),
  issued_at: InstantText,
  due_at: InstantText,
  period: z.object({ from: InstantText, to: InstantText }),
  contract_id: Id,
  seller: Party,
  buyer: Party,
  branding: DocumentBranding.optional(),
  language: Language,
  currency: CurrencyCode,
  zone: z.string(),
  cut: z.int(),
  taxes: z.array(TaxLine),
  coupons: Coupons,
  totals: Totals,
  by_project: ByProject.optional().meta({ description: 'of an invoice for usage, as its draft had it' }),
})
export type InvoiceContent = z.infer<typeof InvoiceContent>
export const InvoiceSummary = z
  .object({
    id: Id,
    number: z.string(),
    document_type: DocumentType,
    corrects: DocumentRef.nullable(),
    account_id: Id,
    account_name: z.string(),
    issued_at: InstantText,
    due_at: InstantText,
    period: z.object({ from: InstantText, to: InstantText }),
    currency: CurrencyCode,
    totals: Totals,
    line_count: z.int(),
    one_off: z.boolean().meta({ description: 'it bills charges alone, and no period' }),
    settlement: Settlement.nullable().meta({
      description: 'what of it is open; null: nothing is owed of a credit note, and only those who sell are told',
    }),
  })
  .meta({ id: 'InvoiceSummary' })
export const Invoice = InvoiceSummary.extend({
  content: InvoiceContent,
  content_hash: z.string(),
  previous_hash: z.string(),
  lines: z.array(DocumentLine),
  notes: z
    .array(DocumentRef.extend({ document_type: DocumentType, total: Amount }))
    .meta({ description: 'what corrects it, oldest first' }),
}).meta({ id: 'Invoice' })
export type Invoice = z.infer<typeof Invoice>
/** In Base64 four characters are three bytes. */
export const LOGO_LIMITS = { bytes: 512 * 1024, characters: 699_052, side_px: 2_000 } as const
/** Whether it is an image, and which, is decided by its bytes. */
export const NewLogo = z.object({
  content: z
    .base64()
    .max(LOGO_LIMITS.characters)
    .meta({ description: 'a PNG or JPEG of at most 512 KiB and 2000 × 2000 pixels, in Base64' }),
})
/** Charges on an invoice of their own, now. */
export const NewOneOffInvoice = z.object({
  charge_ids: z.array(Id).min(1).max(500).meta({ description: 'open charges of this account' }),
})
export type NewOneOffInvoice = z.infer<typeof NewOneOffInvoice>
export const NewInvoice = z.object({
  account_id: Id,
  to: InstantText.optional().meta({
    description: 'end of the period, exclusive; default: now, at most the end of its month',
  }),
})
export const InvoiceQuery = PageQuery.extend({ account_id: Id.optional() })

/** A line opened to its leaves. */
export const Explanation = z
  .object({
    line: DocumentLine,
    price_book: PriceBook.pick({ id: true, name: true })
      .nullable()
      .meta({ description: 'in which its price stands, for who may read prices' }),
    segments: z.array(
      z.object({
        from: InstantText,
        to: InstantText,
        size: z.string().nullable(),
        quantity: z.string(),
        amount: z.string(),
        state: z.string().nullable(),
        host_name: z.string().nullable(),
        owner: z.string(),
        assignment_id: Id,
        resource: z
          .object({ id: Id, name: z.string() })
          .nullable()
          .meta({ description: 'whose it is, where all were charged together' }),
        observed_version_id: Id.nullable(),
        unobserved_ms: z.int(),
        estimated: z.boolean(),
        service: z
          .object({
            version_id: Id,
            plan: Plan.pick({ id: true, name: true }),
            quantity: z.int(),
            prices_as_of: InstantText.nullable(),
            from: InstantText,
            to: InstantText.nullable(),
          })
          .optional()
          .meta({ description: 'what was subscribed then; absent: no service is behind it' }),
        trial: z.boolean().meta({ description: 'a trial, which costs nothing' }),
        skipped: z.boolean().meta({ description: 'nobody looked, and its price bills nothing of such time' }),
        index_value: Segment.shape.index_value,
        unit_amount: Segment.shape.unit_amount,
        hours: z.array(
          z.object({
            meter: Line.shape.meter.optional().meta({ description: 'where several lie beneath the line: in, or out' }),
            from: InstantText,
            to: InstantText,
            quantity: z.string(),
            reading_count: z.int(),
            digest: z.string(),
            bounds: z.array(
              z.object({
                device: z.string(),
                epoch: z.string(),
                first: z.object({ at: InstantText, value: z.string(), spool: z.string(), sequence: z.int() }),
                last: z.object({ at: InstantText, value: z.string(), spool: z.string(), sequence: z.int() }),
              }),
            ),
          }),
        ),
      }),
    ),
    tax: TaxLine,
    base: z
      .array(Line.pick({ id: true, resource: true, for_account: true, plan: true, component: true, meter: true }))
      .optional()
      .meta({ description: 'of a percentage: how the lines are called that it is taken of' }),
    charge: Charge.nullable().meta({
      description: 'of what was charged for once: who recorded it, when and why; null for its buyer',
    }),
  })
  .meta({ id: 'Explanation' })

export const Finding = z.object({ check: z.string(), subject: z.string(), detail: z.string() })
/** What the verifier says: every document and every line, recomputed by other arithmetic. */
export const Verification = z
  .object({ invoices: z.int(), lines: z.int(), readings: z.int(), findings: z.array(Finding) })
  .meta({ id: 'Verification' })

export const ResourceCost = z
  .object({
    currency: CurrencyCode,
    per_hour: Amount.nullable(),
    month_to_date: Amount,
    period: z.object({ from: InstantText, to: InstantText }).nullable(),
    unrated: z.array(z.string()),
    lines: z.array(
      z.object({
        line_id: z.string(),
        component: z.string(),
        quantity_display: z.string(),
        unit: z.string(),
        per: z.string(),
        amount: Amount,
      }),
    ),
  })
  .meta({ id: 'ResourceCost' })

/** What one line of a period is now, beside what was billed. */
export const Difference = DocumentLine.pick({
  service_id: true,
  resource: true,
  for_account: true,
  component: true,
  meter: true,
}).extend({
  billed: Amount,
  due: Amount,
  delta: Amount,
  causes: z.array(Cause).min(1),
})
export const Outcome = z.enum(['credit_note', 'debit_note', 'invoice', 'carried', 'held_back', 'even'])
export type Outcome = z.infer<typeof Outcome>
/** An invoice that is rated otherwise now, or a period that was passed over and holds usage now. */
export const ReRated = z
  .object({
    corrects: DocumentRef.nullable().meta({ description: 'null: no invoice was issued for this period' }),
    period: z.object({ from: InstantText, to: InstantText }),
    currency: CurrencyCode,
    zone: z.string(),
    outcome: Outcome.meta({
      description:
        'what is issued of it: `invoice` for a period that was passed over; `carried`: less than the threshold, it waits; `held_back`: usage without a price, or a gap that must be accepted first; `even`: what was shifted between lines adds up to nothing',
    }),
    lines: z.array(Difference),
    totals: Totals.meta({ description: 'signed: below 0 the customer gets it back' }),
    taxes: z.array(TaxLine),
    unrated: z.array(Unrated),
    blocked_gaps: z.array(BlockedGap),
  })
  .meta({ id: 'ReRated' })
export type ReRated = z.infer<typeof ReRated>
export const ReRating = z
  .object({
    account: Account.pick({ id: true, name: true }),
    cut: z.int().meta({ description: 'what is issued is named by it: the same cut gives the same notes' }),
    digest: z.string().meta({ description: 'over all that is shown here' }),
    since: InstantText.meta({ description: 'invoices of periods that end before are not rated again' }),
    months: z.int(),
    zone: z.string(),
    currency: CurrencyCode,
    threshold: Amount.meta({ description: 'a note of less than this waits' }),
    compared: z.int().meta({ description: 'invoices that were rated again' }),
    documents: z.array(ReRated),
  })
  .meta({ id: 'ReRating' })
export type ReRating = z.infer<typeof ReRating>
export const NewReRating = z.object({
  cut: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'a closed cut; default: a new one, under all that is known now' }),
})
export const NewNotes = z.object({
  cut: z.int().positive().meta({ description: 'of the re-rating that was reviewed' }),
  digest: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'of that re-rating: refused where it would not be the same' }),
})
export const OpenDifference = z
  .object({
    account: Account.pick({ id: true, name: true }),
    document_count: z.int(),
    currency: CurrencyCode.nullable(),
    net: Amount.nullable().meta({ description: 'of all its documents together; null where it could not be rated' }),
    problem: z.string().nullable().meta({ description: 'why it could not be rated again; the others were' }),
  })
  .meta({ id: 'OpenDifference' })
export type OpenDifference = z.infer<typeof OpenDifference>

/** What a decision about a service would make of this month's bill, if all goes on as it is until its end. */
export const ServicePreview = z
  .object({
    service: Subscription,
    until: InstantText.nullable().meta({ description: 'end of what is shown; null: there is nothing to bill' }),
    currency: CurrencyCode,
    before: Totals.nullable(),
    after: Totals.nullable(),
    lines_before: z.array(Line),
    lines: z.array(Line).meta({ description: 'of the service and of what fulfils it' }),
  })
  .meta({ id: 'ServicePreview' })
export type ServicePreview = z.infer<typeof ServicePreview>
