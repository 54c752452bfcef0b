/** Words of the contracts slice: who sells to whom at which price book, and what was subscribed. */
import { z } from 'zod'
import { Kind, Size } from '#connectors/contract.ts'
import { NewAccount } from '../accounts/contract.ts'
import { NegotiatedFor, Plan } from '../catalog/contract.ts'
import { CurrencyCode, Id, InstantText } from '../http/contract.ts'

export const OpenAccount = NewAccount.extend({
  contract_from: InstantText.optional().meta({
    description: 'from when on it is billed, at most 10 years ago; default: the start of its present month',
  }),
  currency: CurrencyCode.optional().meta({
    description: 'in which it is billed, at the standard prices in it; default: that of the company',
  }),
})
export type OpenAccount = z.infer<typeof OpenAccount>

export const Service = z.object({
  id: Id,
  kind: z.literal('pay_as_you_go'),
  name: z.string(),
  from: InstantText,
  to: InstantText.nullable(),
})
export const Contract = z
  .object({
    id: Id,
    legal_entity_id: Id,
    account_id: Id,
    price_book_id: Id,
    side: z.enum(['sale', 'cost']),
    currency: CurrencyCode,
    from: InstantText,
    to: InstantText.nullable(),
    services: z.array(Service),
  })
  .meta({ id: 'Contract' })
export type Contract = z.infer<typeof Contract>
export const ContractList = z.object({ items: z.array(Contract) })

/** The terms under which an account buys at an instant, on [from, to), as rating and billing read them. */
export interface ContractInForce {
  id: string
  legal_entity_id: string
  account_id: string
  price_book_id: string
  currency: string
  from: number
  to: number | null
  service_id: string
}

const QUANTITY_MAX = 1_000_000
const Quantity = z.int().min(1).max(QUANTITY_MAX)
const Correction = {
  correction: z.boolean().default(false).meta({ description: 'records a changed past, with a reason' }),
  reason: z.string().max(500).default(''),
}
const PricesAsOf = InstantText.nullable().meta({
  description: 'keeps the prices of this instant; null: those of the plan at each time',
})

/** What was subscribed on [from, to). */
export const ServiceVersion = z.object({
  id: Id,
  plan: Plan.pick({ id: true, name: true }),
  quantity: z.int(),
  prices_as_of: InstantText.nullable(),
  from: InstantText,
  to: InstantText.nullable(),
  actor: z.string(),
  reason: z.string(),
  recorded_at: InstantText,
})
/** What was agreed of one machine, before what the plan promises. */
export const Promised = z.object({
  size: Size.optional(),
  realm: z.string().min(1).max(256).optional(),
  host_id: Id.optional().meta({ description: 'the host on which it is to stay' }),
})
export type Promised = z.infer<typeof Promised>
export const ServiceResource = z.object({
  id: Id,
  resource: z.object({ id: Id, kind: Kind, name: z.string() }),
  promised: Promised.nullable(),
  from: InstantText,
  to: InstantText.nullable(),
})
/** Those who look after the installation see who suspended it and why; its customer only that it is. */
export const ServiceSuspension = z.object({
  id: Id,
  state: z.enum(['planned', 'in_force', 'ended']),
  from: InstantText,
  to: InstantText.nullable().meta({ description: 'null: it lasts' }),
  reason: z.string().nullable().meta({ description: 'for staff alone' }),
  actor: z.string().nullable().meta({ description: 'for staff alone' }),
  recorded_at: InstantText,
  end: z
    .object({ actor: z.string(), reason: z.string(), recorded_at: InstantText })
    .nullable()
    .meta({ description: 'who set its end, and why; for staff alone' }),
})
export type ServiceSuspension = z.infer<typeof ServiceSuspension>
export const Subscription = z
  .object({
    id: Id,
    account_id: Id,
    parent_id: Id.nullable().meta({ description: 'of an add-on: the service that it was added to' }),
    state: z.enum(['scheduled', 'trial', 'active', 'cancelled']),
    plan: Plan.pick({ id: true, name: true, product_kind: true, included_kinds: true }),
    quantity: z.int(),
    from: InstantText,
    to: InstantText.nullable().meta({ description: 'when it ends or ended; null: it goes on' }),
    trial_until: InstantText.nullable(),
    renews_at: InstantText.nullable().meta({
      description: 'when its next billing period begins; null: it has no next one',
    }),
    currency: CurrencyCode,
    anchor: Plan.shape.anchor,
    versions: z.array(ServiceVersion).meta({ description: 'oldest first' }),
    resources: z.array(ServiceResource).meta({ description: 'by which it is fulfilled, oldest first' }),
    suspension: ServiceSuspension.nullable().meta({
      description: 'that is in force, or else planned next; null: there is none, or the service has ended',
    }),
    suspensions: z.array(ServiceSuspension).meta({ description: 'oldest first' }),
  })
  .meta({ id: 'Subscription' })
export type Subscription = z.infer<typeof Subscription>
export const NewSubscription = z.object({
  plan_id: Id,
  quantity: Quantity.default(1),
  from: InstantText.optional().meta({ description: 'default: now; an earlier one needs `correction`' }),
  trial: z.boolean().default(true).meta({ description: 'with the trial of the plan, if it has one' }),
  prices_as_of: PricesAsOf.default(null),
  anchor: Plan.shape.anchor.optional().meta({
    description:
      'by which months its fees are charged: those of the calendar, or from the day and time at which it begins; default: that of the plan. It stays through all changes',
  }),
  parent_id: Id.optional().meta({ description: 'makes it an add-on to this service' }),
  ...Correction,
})
export type NewSubscription = z.infer<typeof NewSubscription>
export const ServiceChange = z.object({
  plan_id: Id.optional().meta({ description: 'default: as before' }),
  quantity: Quantity.optional().meta({ description: 'default: as before' }),
  prices_as_of: PricesAsOf.optional().meta({ description: 'default: as before' }),
  at: InstantText.optional().meta({
    description: 'from when on, until the next change that is planned; default: now; the past needs `correction`',
  }),
  ...Correction,
})
export type ServiceChange = z.infer<typeof ServiceChange>
export const Cancellation = z.object({
  at: z.union([z.enum(['now', 'end_of_period']), InstantText]).meta({ description: 'the past needs `correction`' }),
  ...Correction,
})
export type Cancellation = z.infer<typeof Cancellation>
export const NewServiceResource = z.object({
  resource_id: Id,
  from: InstantText.optional().meta({ description: 'default: now; the past needs `correction`' }),
  promised: Promised.nullable().default(null),
  ...Correction,
})
export type NewServiceResource = z.infer<typeof NewServiceResource>
export const Detachment = z.object({
  at: InstantText.optional().meta({ description: 'default: now; the past needs `correction`' }),
  ...Correction,
})
export type Detachment = z.infer<typeof Detachment>

export const NewSuspension = z.object({
  from: InstantText.optional().meta({
    description: 'within the service; default: now; the past needs `correction`',
  }),
  correction: Correction.correction,
  reason: z.string().trim().min(1).max(500).meta({ description: 'stays on record; its customer does not read it' }),
})
export type NewSuspension = z.infer<typeof NewSuspension>
export const SuspensionEnd = z.object({
  at: InstantText.optional().meta({
    description: 'default: now; the past needs `correction`; at or before its beginning: it never held',
  }),
  ...Correction,
})
export type SuspensionEnd = z.infer<typeof SuspensionEnd>

/** What was subscribed on [from, to), as rating reads it. */
export interface ServiceTerms {
  id: string
  service_id: string
  account_id: string
  plan_id: string
  quantity: number
  prices_as_of: number | null
  trial_until: number | null
  /** its billing periods are counted from there; null: they are calendar months */
  anchored_at: number | null
  from: number
  to: number | null
}
/** A resource that fulfils a service on [from, to). */
export interface Attachment {
  id: string
  service_id: string
  resource_id: string
  from: number
  to: number | null
}

/** A negotiated book that a contract has on [from, to), before its own. */
export const BookAssignment = z
  .object({
    id: Id,
    account: z.object({ id: Id, name: z.string() }),
    contract_id: Id,
    price_book: z.object({ id: Id, name: z.string() }),
    negotiated_for: NegotiatedFor,
    from: InstantText,
    to: InstantText.nullable(),
    actor: z.string(),
    reason: z.string(),
    recorded_at: InstantText,
  })
  .meta({ id: 'BookAssignment' })
export type BookAssignment = z.infer<typeof BookAssignment>
export const BookAssignmentList = z.object({ items: z.array(BookAssignment) })
export const NewBookAssignment = z.object({
  price_book_id: Id,
  from: InstantText.optional().meta({ description: 'default: now; an earlier one needs `correction`' }),
  to: InstantText.nullish().meta({ description: 'default: it goes on' }),
  ...Correction,
})
export type NewBookAssignment = z.infer<typeof NewBookAssignment>
export const BookEnd = z.object({
  at: InstantText.optional().meta({
    description: 'default: now; the past needs `correction`; at or before its beginning: it never held',
  }),
  ...Correction,
})
export type BookEnd = z.infer<typeof BookEnd>
export const EndedBook = z.object({
  assignment: BookAssignment.nullable().meta({ description: 'what is left of it; null: it never held' }),
})
