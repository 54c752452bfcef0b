/** Words of the inventory: resources, their two timelines (observed, assigned) and their bounds. */
import { z } from 'zod'
import { Evidence, Kind, Size, State } from '#connectors/contract.ts'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'

export const Owner = z.object({
  account_id: Id,
  account_name: z.string(),
  project_id: Id.nullable(),
  project_name: z.string().nullable(),
})
export const Resource = z
  .object({
    id: Id,
    realm: z.string(),
    kind: Kind,
    external_id: z.string(),
    incarnation: z.string(),
    name: z.string(),
    state: State,
    size: Size,
    host: z.object({ id: Id.nullable(), name: z.string() }).nullable(),
    owner: Owner.nullable(),
    first_seen_at: InstantText,
    last_seen_at: InstantText.nullable(),
    ended_at: InstantText.nullable(),
    conflict: z.boolean().meta({ description: 'seen running in two places at once' }),
    /** what it costs now, per hour, at today's prices; null where no price matches */
    cost_per_hour: z.object({ amount: Amount, currency: CurrencyCode }).nullable(),
    sparkline: z
      .array(z.number().nullable())
      .meta({ description: 'CPU load of the last hour in 5-minute means, 0 to 1' }),
  })
  .meta({ id: 'Resource' })
export type Resource = z.infer<typeof Resource>

export const ResourceDetail = Resource.extend({
  evidence: Evidence,
  attributes: z.record(z.string(), z.json()),
  sources: z.array(z.object({ id: Id, connector: z.string(), agent_name: z.string() })),
  placed_here: z.array(z.object({ id: Id, kind: Kind, name: z.string(), state: State })),
}).meta({ id: 'ResourceDetail' })
export type ResourceDetail = z.infer<typeof ResourceDetail>

export const RESOURCE_SORTS = [
  'name',
  'kind',
  'state',
  'vcpu_count',
  'memory_bytes',
  'disk_bytes',
  'first_seen_at',
] as const
export const ResourceQuery = PageQuery.extend({
  kind: z.string().max(200).optional().meta({ description: 'one or more kinds, comma-separated' }),
  state: z.string().max(100).optional().meta({ description: 'one or more states, comma-separated' }),
  q: z.string().max(200).optional().meta({ description: 'part of a name, id, IP, MAC or serial' }),
  account_id: z.union([Id, z.literal('none')]).optional(),
  source_id: Id.optional(),
  host_id: Id.optional(),
  ended: z.enum(['no', 'yes', 'all']).default('no'),
  sort: z.enum(RESOURCE_SORTS).default('name'),
  order: z.enum(['asc', 'desc']).default('asc'),
})
export type ResourceQuery = z.infer<typeof ResourceQuery>

/** A stretch of time in which nothing about the resource changed, as its sources saw it. */
export const ObservedVersion = z.object({
  id: Id,
  from: InstantText,
  to: InstantText.nullable(),
  from_exact: z.boolean().meta({ description: 'from the instant of an event, not from a listing' }),
  to_exact: z.boolean(),
  not_before: InstantText.nullable().meta({ description: 'last complete listing without it' }),
  name: z.string(),
  state: State,
  size: Size,
  host_name: z.string().nullable(),
  conflict: z.boolean(),
})
/** Who owned it, as people decided. */
export const Assignment = z.object({
  id: Id,
  from: InstantText.nullable(),
  to: InstantText.nullable(),
  account_id: Id,
  account_name: z.string(),
  project_name: z.string().nullable(),
  actor: z.string(),
  reason: z.string(),
  recorded_at: InstantText,
})
export const History = z
  .object({
    observed: z.array(ObservedVersion),
    assigned: z.array(Assignment),
    unobserved: z.array(z.object({ from: InstantText, to: InstantText })),
  })
  .meta({ id: 'ResourceHistory' })

export const NewAssignment = z.object({
  account_id: Id,
  project_id: Id.nullable().optional(),
  effective_at: InstantText.optional().meta({
    description: 'default: now; an instant before the last transfer is a correction and needs a reason',
  }),
  reason: z.string().max(500).default(''),
})
export type NewAssignment = z.infer<typeof NewAssignment>
