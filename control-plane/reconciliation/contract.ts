/** Words of reconciliation: what sources see beside what is sold, where the two differ, and what each difference is worth. */
import { z } from 'zod'
import { Kind, Size, State } from '#connectors/contract.ts'
import { SourceState } from '../sources/contract.ts'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'

/**
 * A machine is a resource of a kind that is sold (priced by a standard or negotiated book, by a plan, or included by one), that has
 * not ended and is no further eye on another one. All but a ghost service need that its scope was listed whole within three
 * intervals by a source that is heard and doing well; else nothing is said of it: it is unknown.
 *
 * - `orphan`: nobody owns it; or its owner has it in no service and has no price for its kind.
 * - `ghost`: a service in force whose plan sells machines has none attached.
 * - `size`: what fulfils a service is larger or smaller than was promised.
 * - `owner`: the one service that it fulfils is another account's than it is; or another eye on it is another account's.
 * - `host`: it lies in another realm, or on another host, than was promised.
 * - `gone`: a service in force whose machines have all ended; or a machine that is billed on while its source is silent, though
 *   another eye on it saw it end.
 * - `ended_service`: it runs, in no service, after the last service that it fulfilled for its owner ended.
 * - `suspended`: it runs while a service that it fulfils is suspended.
 * - `unmetered`: it has been running for a day, and what its owner is charged for it measures nothing: a size that no source
 *   tells, or a counter without a reading.
 * - `two_services`: it fulfils two services at once, by itself or by two eyes on it.
 */
export const DISCREPANCIES = [
  'orphan',
  'ghost',
  'size',
  'owner',
  'host',
  'gone',
  'ended_service',
  'suspended',
  'unmetered',
  'two_services',
] as const
export const DiscrepancyKind = z.enum(DISCREPANCIES)
export type DiscrepancyKind = z.infer<typeof DiscrepancyKind>

/** Amounts are of a month of 30 days, so that no difference is worth more in March than in February. */
export const MONTH_HOURS = 720

/** What one side says; what doesn't matter for the kind of difference is left out. */
export const Side = z.object({
  account: z.object({ id: Id, name: z.string() }).nullable().optional(),
  services: z
    .array(
      z.object({
        id: Id,
        account_id: Id,
        plan: z.object({ en: z.string(), es: z.string() }),
        since: InstantText,
        until: InstantText.nullable(),
        suspension: z.object({ from: InstantText, reason: z.string() }).nullable(),
      }),
    )
    .optional(),
  size: Size.optional(),
  state: State.optional(),
  realm: z.string().optional(),
  host: z.object({ id: Id, name: z.string() }).nullable().optional(),
  ended_at: InstantText.optional(),
  meters: z.array(z.string()).optional().meta({ description: 'that are charged and measure nothing' }),
})
export type Side = z.infer<typeof Side>

export const Discrepancy = z
  .object({
    id: z.string().meta({ description: 'its kind and what it is about: the same for as long as it lasts' }),
    kind: DiscrepancyKind,
    resource: z.object({ id: Id, kind: Kind, name: z.string(), realm: z.string() }).nullable(),
    service: z
      .object({ id: Id, plan: z.object({ en: z.string(), es: z.string() }) })
      .nullable()
      .meta({ description: 'of a ghost, and of one whose machines are gone' }),
    account: z.object({ id: Id, name: z.string() }).nullable(),
    source: z.object({ id: Id, connector: z.string(), realm: z.string() }).nullable(),
    since: InstantText.nullable(),
    per_month: z
      .object({
        amount: Amount,
        currency: CurrencyCode,
        way: z.enum(['loss', 'overcharge', 'disputed', 'none']).meta({
          description: 'we lose it; the customer pays it for nothing; it may be owed by another; no money moves',
        }),
      })
      .nullable()
      .meta({
        description:
          'net, in a month of 30 days, of what is held and of fees; null: no price says it, or none does for a part alone',
      }),
    seen: Side.meta({ description: 'what sources see' }),
    sold: Side.meta({ description: 'what people decided' }),
  })
  .meta({ id: 'Discrepancy' })
export type Discrepancy = z.infer<typeof Discrepancy>

export const DISCREPANCY_SORTS = ['money', 'since', 'name', 'kind'] as const
const Filter = z.object({
  kind: DiscrepancyKind.optional(),
  account_id: z.union([Id, z.literal('none')]).optional(),
  realm: z.string().max(256).optional(),
  source_id: Id.optional(),
  sort: z.enum(DISCREPANCY_SORTS).default('money').meta({ description: 'money: the most first, by currency' }),
  order: z.enum(['asc', 'desc']).default('desc'),
})
export const DiscrepancyQuery = PageQuery.extend(Filter.shape)
export type DiscrepancyQuery = z.infer<typeof DiscrepancyQuery>
export const DiscrepancyCsvQuery = Filter
export type DiscrepancyFilter = z.infer<typeof Filter>

/** What can't be said, and of whose silence. */
export const UnknownSource = z.object({
  source: z.object({ id: Id, connector: z.string(), realm: z.string() }),
  state: z.union([SourceState, z.enum(['deleted', 'incomplete'])]),
  since: InstantText.nullable().meta({
    description: 'its last whole listing of the scope that is longest without one',
  }),
  machines: z.int(),
})
export const ReconciliationSummary = z
  .object({
    at: InstantText,
    month_hours: z.int(),
    matched: z.int().meta({ description: 'machines of which nothing differs' }),
    machines: z.int().meta({ description: 'matched, different and unknown' }),
    services: z.int().meta({ description: 'in force, that sell machines' }),
    kinds: z.array(
      z.object({
        kind: DiscrepancyKind,
        count: z.int(),
        unpriced: z.int().meta({ description: 'of these no amount is known' }),
        per_month: z.array(z.object({ currency: CurrencyCode, loss: Amount, overcharge: Amount, disputed: Amount })),
      }),
    ),
    unknown: z.object({
      machines: z.int(),
      services: z.int().meta({ description: 'whose machines are unknown' }),
      sources: z.array(UnknownSource),
    }),
    accounts: z.array(z.object({ id: Id, name: z.string() })).meta({ description: 'of which something differs' }),
    realms: z.array(z.string()),
    sources: z.array(z.object({ id: Id, connector: z.string(), realm: z.string() })),
  })
  .meta({ id: 'ReconciliationSummary' })
export type ReconciliationSummary = z.infer<typeof ReconciliationSummary>

export const AdoptionPreviewRequest = z.object({
  account_id: Id,
  project_id: Id.nullable().optional(),
  effective_at: InstantText.meta({ description: 'from when on it is billed' }),
  service_id: Id.optional().meta({ description: 'that it fulfils from then on' }),
  reason: z.string().max(500).default(''),
})
export type AdoptionPreviewRequest = z.infer<typeof AdoptionPreviewRequest>
export const AdoptionPreview = z
  .object({
    currency: CurrencyCode,
    months: z.array(
      z.object({
        month: z.string().meta({ example: '2026-11' }),
        amount: Amount.meta({ description: 'net, what the adoption adds to this month until now' }),
        invoiced: z.boolean().meta({ description: 'was issued already: it comes as a note' }),
      }),
    ),
    total: Amount,
    unrated: z.int().meta({ description: 'components of it without a price in that time' }),
  })
  .meta({ id: 'AdoptionPreview' })
export type AdoptionPreview = z.infer<typeof AdoptionPreview>
