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
export const SameAsEvidence = z.enum(['smbios_uuid', 'machine_id', 'macs', 'hand'])
export type SameAsEvidence = z.infer<typeof SameAsEvidence>
/** Another eye on the same machine, and by what it is known to be one. */
export const OtherEye = z
  .object({
    id: Id,
    kind: Kind,
    name: z.string(),
    source: z.object({ id: Id, connector: z.string(), agent_name: z.string() }),
    evidence: SameAsEvidence.nullable().meta({ description: 'null for the one that is billed' }),
  })
  .meta({ id: 'OtherEye' })
export type OtherEye = z.infer<typeof OtherEye>

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
    held_until: InstantText.nullable().meta({
      description:
        'it was yours until then, and is shown as it was; null: it is yours now, or you run the installation',
    }),
    conflict: z.boolean().meta({ description: 'seen running in two places at once' }),
    same_as: z.array(OtherEye).meta({ description: 'the other eyes on this machine' }),
    covered_by: z
      .object({ id: Id, kind: Kind, name: z.string(), evidence: SameAsEvidence })
      .nullable()
      .meta({ description: 'the resource that is billed for this machine; null: this one' }),
    /** what it costs now, per hour, at today's prices; null where no price matches */
    cost_per_hour: z.object({ amount: Amount, currency: CurrencyCode }).nullable(),
    sparkline: z
      .array(z.number().nullable())
      .meta({ description: 'CPU load of the last hour in 5-minute means, 0 to 1' }),
    usage_state: z.enum(['normal', 'approaching', 'over']).meta({
      description: 'how near it is to its allowances and limits of this month, at its worst',
    }),
  })
  .meta({ id: 'Resource' })
export type Resource = z.infer<typeof Resource>

export const SameAsDecision = z
  .object({
    a_id: Id,
    b_id: Id,
    same: z.boolean(),
    actor: z.string(),
    reason: z.string(),
    recorded_at: InstantText,
  })
  .meta({ id: 'SameAsDecision' })

export const ResourceDetail = Resource.extend({
  evidence: Evidence,
  attributes: z.record(z.string(), z.json()),
  sources: z.array(z.object({ id: Id, connector: z.string(), agent_name: z.string() })),
  same_as_decisions: z
    .array(SameAsDecision)
    .meta({ description: 'what people said of this resource and another; the evidence says the rest' }),
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
  'cost',
] as const
export const ResourceQuery = PageQuery.extend({
  kind: z.string().max(200).optional().meta({ description: 'one or more kinds, comma-separated' }),
  state: z.string().max(100).optional().meta({ description: 'one or more states, comma-separated' }),
  q: z.string().max(200).optional().meta({ description: 'part of a name, id, IP, MAC or serial' }),
  account_id: z.union([Id, z.literal('none')]).optional(),
  project_id: z
    .union([Id, z.literal('none')])
    .optional()
    .meta({ description: '`none`: in no project' }),
  usage_state: z
    .enum(['approaching', 'over'])
    .optional()
    .meta({ description: 'near to, or beyond, an allowance or a limit of this month' }),
  source_id: Id.optional(),
  host_id: Id.optional(),
  ended: z.enum(['no', 'yes', 'all']).default('no'),
  covered: z
    .enum(['no', 'yes', 'all'])
    .default('no')
    .meta({ description: 'further eyes on a machine that another resource stands for' }),
  sort: z.enum(RESOURCE_SORTS).default('name').meta({
    description:
      '`cost`: by `cost_per_hour`, for who sees costs; amounts of several currencies by their number alone, equal ones by id, and what has no cost below all of them: last when descending, first when ascending. A change of prices, owner or size moves a resource in this order some seconds later, where there are thousands of accounts some minutes',
  }),
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
/** Which rule gave a resource to its owner, and by what it was seen to. */
export const RuleEvidence = z.object({
  /** of the content: ['attributes', 'labels', 'team'] */
  path: z.array(z.string()).optional(),
  value: z.string().optional(),
  parent: z.object({ kind: Kind, external_id: z.string() }).optional(),
})
export type RuleEvidence = z.infer<typeof RuleEvidence>

/** Who owned it, as people decided, or as rules said where nobody had. */
export const Assignment = z.object({
  id: Id,
  from: InstantText.nullable(),
  to: InstantText.nullable(),
  account_id: Id,
  account_name: z.string(),
  project_id: Id.nullable(),
  project_name: z.string().nullable(),
  actor: z.string(),
  reason: z.string(),
  recorded_at: InstantText,
  by_rule: z
    .object({ id: Id.nullable(), name: z.string().nullable(), inherited_from: Id.nullable(), evidence: RuleEvidence })
    .nullable()
    .meta({ description: 'null: a person decided, or the source is of this account; rules are shown to staff only' }),
})
export const History = z
  .object({
    observed: z.array(ObservedVersion),
    assigned: z.array(Assignment),
    unobserved: z.array(z.object({ from: InstantText, to: InstantText })),
    covered: z.array(
      z.object({
        from: InstantText,
        to: InstantText.nullable(),
        billed: z.object({ id: Id, kind: Kind, name: z.string() }),
        evidence: SameAsEvidence,
      }),
    ),
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
export const AssignmentWithdrawal = z.object({
  from: InstantText.optional().meta({
    description: 'default: now; an earlier instant is a correction of the past and needs a reason',
  }),
  reason: z.string().max(500).default(''),
})
export type AssignmentWithdrawal = z.infer<typeof AssignmentWithdrawal>

/** Where the resources of a project go that is closed; left out, none may be in it. */
export const ProjectClosure = z.object({
  move_to: Id.nullable()
    .optional()
    .meta({ description: 'another project of the account; null: to none. Left out, the project must be empty' }),
  reason: z.string().trim().max(500).default(''),
})
export type ProjectClosure = z.infer<typeof ProjectClosure>

export const NewSameAs = z.object({
  resource_id: Id.meta({ description: 'the other resource' }),
  same: z.boolean().default(true).meta({ description: 'false: two machines, whatever their evidence says' }),
  reason: z.string().trim().min(1).max(500),
})
export type NewSameAs = z.infer<typeof NewSameAs>

const Text = z.string().trim().min(1).max(200)
const ATTRIBUTE_ROOTS = ['name', 'external_id', 'host', 'attributes'] as const
/** What must be so of a resource for a rule to speak of it; what is left out is not asked. */
export const RuleCondition = z
  .object({
    realm: z.string().min(1).max(256).optional().meta({ description: 'only there: labels that tenants write lie' }),
    connector: z.string().min(1).max(64).optional(),
    kinds: z.array(Kind).min(1).max(50).optional(),
    attribute: z
      .object({
        path: z
          .array(z.string().min(1).max(128))
          .min(1)
          .max(8)
          .refine(
            ([root]) => ATTRIBUTE_ROOTS.some((one) => one === root),
            `must begin with ${ATTRIBUTE_ROOTS.join(', ')}`,
          )
          .meta({ example: ['attributes', 'labels', 'team'] }),
        equals: z.string().max(512).optional(),
        like: z.string().max(512).optional().meta({ description: '`*` stands for any text', example: 'acme-*' }),
      })
      .optional(),
    parent: z.object({ kind: Kind, external_id: z.string().min(1).max(512).optional() }).optional(),
  })
  .meta({ id: 'AssignmentRuleCondition' })
export type RuleCondition = z.infer<typeof RuleCondition>

const RuleOwner = z.object({ account_id: Id, project_id: Id.nullable().default(null) })
/** To whom a rule gives: one account, by the value of the attribute, by the account's id that is the value, or to the parent's owner. */
export const RuleEffect = z
  .discriminatedUnion('to', [
    RuleOwner.extend({ to: z.literal('account') }),
    z.object({ to: z.literal('values'), values: z.record(z.string().max(512), RuleOwner) }),
    z.object({ to: z.literal('account_id') }),
    z.object({ to: z.literal('parent') }),
  ])
  .meta({ id: 'AssignmentRuleEffect' })
export type RuleEffect = z.infer<typeof RuleEffect>

const RuleContent = z.object({ name: Text, condition: RuleCondition, effect: RuleEffect })
export type RuleContent = z.infer<typeof RuleContent>
export const AssignmentRule = RuleContent.extend({
  id: Id,
  position: z.int(),
  from: InstantText.nullable(),
  to: InstantText.nullable(),
  resources: z.int().meta({ description: 'that are their owner’s by it now' }),
}).meta({ id: 'AssignmentRule' })
export type AssignmentRule = z.infer<typeof AssignmentRule>

const RULE_CHANGES = ['create', 'change', 'remove', 'order', 'reverse'] as const
const When = {
  effective_at: InstantText.nullable().optional().meta({
    description:
      'from when it holds; default: now. An instant before now, or null (ever since), corrects the past and needs a reason',
  }),
  reason: z.string().trim().max(500).default(''),
  based_on: Id.nullable()
    .optional()
    .meta({ description: 'the last change that you saw: refused if there was another since' }),
}
export const NewRuleChange = z
  .discriminatedUnion('kind', [
    RuleContent.extend({ kind: z.literal('create'), place: z.int().min(1).max(500).optional(), ...When }),
    RuleContent.extend({ kind: z.literal('change'), rule_id: Id, ...When }),
    z.object({ kind: z.literal('remove'), rule_id: Id, ...When }),
    z.object({ kind: z.literal('order'), rule_ids: z.array(Id).min(1).max(500), ...When }),
    z.object({
      kind: z.literal('reverse'),
      change_id: Id,
      as_of: z
        .enum(['now', 'then'])
        .meta({ description: '`then`: as though it had never been, which corrects the past' }),
      reason: When.reason,
      based_on: When.based_on,
    }),
  ])
  .meta({ id: 'NewAssignmentRuleChange' })
export type NewRuleChange = z.infer<typeof NewRuleChange>
export const RuleChange = z
  .object({
    id: Id,
    kind: z.enum(RULE_CHANGES),
    name: z.string().meta({ description: 'of the rule; empty where it is about their order' }),
    effective_at: InstantText.nullable(),
    reason: z.string(),
    actor: z.string(),
    recorded_at: InstantText,
    reversed: z.boolean(),
  })
  .meta({ id: 'AssignmentRuleChange' })
export type RuleChange = z.infer<typeof RuleChange>
export const RuleList = z.object({
  items: z.array(AssignmentRule),
  last_change: Id.nullable(),
  pending: z.int().meta({ description: 'resources whose owner is being looked for' }),
})
const NamedOwner = Owner.nullable()
export const RulePreview = z
  .object({
    looked_at: z.int(),
    complete: z.boolean().meta({ description: 'false: there are more resources than were looked at' }),
    changed: z.int(),
    from: InstantText.nullable().meta({ description: 'the first instant at which an owner changes' }),
    accounts: z.array(z.object({ account_id: Id, account_name: z.string(), gains: z.int(), loses: z.int() })),
    items: z.array(
      z.object({
        resource: z.object({ id: Id, kind: Kind, name: z.string() }),
        from: InstantText.nullable(),
        to: InstantText.nullable(),
        before: NamedOwner,
        after: NamedOwner,
      }),
    ),
  })
  .meta({ id: 'AssignmentRulePreview' })
export type RulePreview = z.infer<typeof RulePreview>

export const TopologyRealm = z
  .object({
    realm: z.string(),
    connectors: z.array(z.string()),
    total: z.int(),
    running: z.int(),
    stopped: z.int(),
  })
  .meta({ id: 'TopologyRealm' })
export type TopologyRealm = z.infer<typeof TopologyRealm>
export const TopologyNode = z
  .object({
    id: Id,
    kind: Kind,
    name: z.string(),
    state: State,
    total: z.int().meta({ description: 'how much stands directly under it' }),
    running: z.int(),
    stopped: z.int(),
  })
  .meta({ id: 'TopologyNode' })
export type TopologyNode = z.infer<typeof TopologyNode>
export const TopologyQuery = PageQuery.extend({
  realm: z.string().min(1).max(256).optional(),
  under: Id.optional().meta({ description: 'a resource: what is placed on it, and what is a part of it' }),
})
export type TopologyQuery = z.infer<typeof TopologyQuery>
