/** Words of the sources slice: agents, the sources they host, enrolment, and how each is doing. */
import { z } from 'zod'
import { CheckReply, LookReply, Manifest } from '#connectors/contract.ts'
import { Id, InstantText } from '../http/contract.ts'

export { Manifest }
/** As Kubernetes has them: for people and for choosing, never for deciding what is billed. */
export const Labels = z
  .record(
    z.string().regex(/^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/i, 'must be 1 to 63 letters, digits, dots, dashes'),
    z.string().trim().min(1).max(128),
  )
  .refine((labels) => Object.keys(labels).length <= 16, 'at most 16 labels')
export const AgentState = z.enum(['connected', 'silent', 'never_seen', 'revoked'])
export const Agent = z
  .object({
    id: Id,
    name: z.string(),
    hostname: z.string(),
    version: z.string(),
    platform: z.string().nullable().meta({ description: 'known once it was offered a new version' }),
    state: AgentState,
    created_at: InstantText,
    last_heard_at: InstantText.nullable(),
    clock_offset_ms: z.int().nullable(),
    clock_skewed: z.boolean().meta({ description: 'the clock is off by more than 5 s' }),
    spool_bytes: z.int().nullable(),
    alarm: z.string().nullable().meta({ description: 'for example "cloned agent"' }),
    connectors: z.array(z.string()),
    source_count: z.int(),
    labels: Labels,
  })
  .meta({ id: 'Agent' })
export type Agent = z.infer<typeof Agent>

export const SourceError = z.object({ code: z.string(), message: z.string(), remedy: z.string(), since: InstantText })
export const SourceState = z.enum(['ok', 'failing', 'paused', 'silent', 'waiting'])
export const Source = z
  .object({
    id: Id,
    agent_id: Id,
    agent_name: z.string(),
    connector: z.string(),
    realm: z.string(),
    interval_ms: z.int(),
    settings: z.record(z.string(), z.json()).meta({ description: 'secrets are shown as "•••"' }),
    account_id: Id.nullable().meta({ description: 'owner of what this source finds first' }),
    state: SourceState,
    last_ok_at: InstantText.nullable(),
    lag_ms: z.int().nullable().meta({ description: 'age of the newest fact' }),
    duration_ms: z.int().nullable(),
    vendor_version: z.string().nullable(),
    error: SourceError.nullable(),
    resource_count: z.int(),
    created_at: InstantText,
  })
  .meta({ id: 'Source' })
export type Source = z.infer<typeof Source>

/** What a source did: of several, the first that holds in the order paused, silent, failing. */
const SourceStretch = z.object({
  from: InstantText,
  to: InstantText,
  state: z.enum(['ok', 'failing', 'paused', 'silent']),
})
/** Shares of the time in which it was read, from 0 to 1; null where it wasn't. */
const SourceErrors = z.object({
  last_hour: z.number().nullable(),
  last_day: z.number().nullable(),
  hours: z.array(z.object({ from: InstantText, ratio: z.number().nullable() })),
  course: z.array(SourceStretch).meta({ description: 'of the last day, oldest first' }),
})
export const SourceDetail = Source.extend({
  connector_version: z.string().nullable(),
  connector_title: z.string().nullable(),
  paused_at: InstantText.nullable(),
  agent_state: AgentState,
  agent_version: z.string(),
  clock_offset_ms: z.int().nullable(),
  clock_skewed: z.boolean(),
  backlog_bytes: z.int().nullable().meta({ description: 'in the spool of its agent when that connected last' }),
  resources: z.array(z.object({ kind: z.string(), count: z.int() })),
  errors: SourceErrors,
}).meta({ id: 'SourceDetail' })
export type SourceDetail = z.infer<typeof SourceDetail>

/** What people decided of a source, as it was from an instant on; secrets are shown as "•••". */
export const SourceVersion = z
  .object({
    id: Id,
    decided_at: InstantText,
    by: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    settings: z.record(z.string(), z.json()),
    interval_ms: z.int(),
    changes: z.array(z.object({ field: z.string(), before: z.json(), after: z.json() })),
    secrets_changed: z.array(z.string()),
  })
  .meta({ id: 'SourceVersion' })
export type SourceVersion = z.infer<typeof SourceVersion>

export const NewSource = z.object({
  agent: z.string().min(1).max(256).meta({ description: 'id or name of the agent' }),
  connector: z.string().min(1).max(64),
  realm: z.string().trim().min(1).max(256),
  settings: z.record(z.string(), z.json()).default({}),
  interval_ms: z.int().min(1_000).max(86_400_000).optional(),
  account_id: Id.nullable().optional(),
})
export type NewSource = z.infer<typeof NewSource>
export const SourceChange = z.object({
  settings: z.record(z.string(), z.json()).optional(),
  interval_ms: z.int().min(1_000).max(86_400_000).optional(),
  account_id: Id.nullable().optional(),
  paused: z.boolean().optional(),
})
export type SourceChange = z.infer<typeof SourceChange>

/** Settings to try; nothing of them is stored. */
export const NewCheck = NewSource.pick({ agent: true, connector: true, realm: true, settings: true, interval_ms: true })
  .extend({
    source_id: Id.optional().meta({ description: 'whose stored secrets stand where "•••" is sent' }),
  })
  .meta({ id: 'NewCheck' })
export type NewCheck = z.infer<typeof NewCheck>
const CheckError = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  pointer: z.string().nullable().meta({ description: 'the setting that it is most likely about' }),
})
/** What a source with these settings would see, and what failed; both where only a part could be read. */
export const SourceCheck = CheckReply.omit({ error: true, version: true })
  .extend({ ok: z.boolean(), connector_version: z.string().nullable(), error: CheckError.nullable() })
  .meta({ id: 'SourceCheck' })
export type SourceCheck = z.infer<typeof SourceCheck>

/** What an agent last read of a source, as it sent it, without secrets. */
export const SourcePayload = LookReply.omit({ seen_at_ms: true, payload: true })
  .extend({
    seen_at: InstantText.nullable(),
    payload: z.array(z.json()).meta({ description: 'facts; long lists are cut' }),
    backlog: z
      .object({ batches: z.int(), bytes: z.int() })
      .nullable()
      .meta({ description: 'what waits in the spool of its agent now' }),
    error: CheckError.omit({ pointer: true }).nullable(),
  })
  .meta({ id: 'SourcePayload' })
export type SourcePayload = z.infer<typeof SourcePayload>

export const NewEnrolment = z.object({
  account_id: Id.nullable()
    .optional()
    .meta({ description: 'owner of the host that enrols; default: the first account' }),
  expires_in_hours: z.int().min(1).max(720).default(24),
  uses: z.int().min(1).max(1_000).default(1).meta({ description: 'how many agents it may make' }),
  labels: Labels.default({}).meta({ description: 'of every agent that it makes', example: { site: 'madrid' } }),
})
export type NewEnrolment = z.infer<typeof NewEnrolment>
export const Enrolment = z.object({ token: z.string(), expires_at: InstantText, command: z.string() })
export type Enrolment = z.infer<typeof Enrolment>
export const EnrolAgent = z.object({
  token: z.string().min(10).max(200),
  name: z.string().trim().min(1).max(256),
  public_key: z.string().regex(/^U[A-Z2-7]{55}$/, 'must be an Ed25519 public user key (nkey)'),
  /** null or empty where the machine has none: then no source for the machine itself is made */
  machine_id: z
    .string()
    .max(64)
    .nullish()
    .transform((id) => id ?? ''),
  version: z.string().max(64),
})
export type EnrolAgent = z.infer<typeof EnrolAgent>
/** How an agent reaches NATS; without a credential the address itself holds a user and a password. */
export const Access = z.object({
  nats_url: z.string(),
  credential: z
    .object({ jwt: z.string(), expires_in_ms: z.int() })
    .nullable()
    .meta({ description: 'a user JWT for the key of the agent: worth nothing without its secret half' }),
})
export type Access = z.infer<typeof Access>
export const EnrolledAgent = Access.extend({ agent_id: Id })
export const Challenge = z.object({ challenge: z.string() })
export const Renewal = z.object({
  agent_id: Id,
  challenge: z.string().max(100),
  signature: z.base64().max(200).meta({ description: 'of "atalaya-renewal", agent_id and challenge, each on a line' }),
})
export type Renewal = z.infer<typeof Renewal>

/** What an enrolled agent can host, and which agents can. */
export const OfferedConnector = Manifest.extend({ agents: z.array(z.object({ id: Id, name: z.string() })) }).meta({
  id: 'OfferedConnector',
})
export type OfferedConnector = z.infer<typeof OfferedConnector>
