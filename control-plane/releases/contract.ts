/** Words of releases: signed versions of the agent, and how each comes to the agents, wave by wave. */
import { z } from 'zod'
import {
  PLATFORM_PATTERN,
  RELEASE_KEY_PATTERN,
  RELEASE_LIMITS,
  TELLINGS,
  VERSION_PATTERN,
} from '#connectors/contract.ts'
import { Id, InstantText } from '../http/contract.ts'
import { Labels } from '../sources/contract.ts'

const Key = z.string().regex(RELEASE_KEY_PATTERN, 'must be 32 bytes in base64')
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal')
const Version = z.string().regex(VERSION_PATTERN, 'must be three numbers, such as 1.2.3')
const Platform = z.string().regex(PLATFORM_PATTERN, 'must be a system and a processor, such as linux-x64')

/** What a release key signs; it travels as it is, for each agent checks it by itself. */
export const Manifest = z.strictObject({
  version: Version,
  platform: Platform,
  bytes: z.int().min(1).max(RELEASE_LIMITS.bytes),
  sha256: Sha256,
  released_at: z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{1,15}Z$/, 'must be an instant in UTC'),
  next_key: Key.optional().meta({ description: 'takes the place of the key that signed' }),
})
export const Signed = z.strictObject({
  release: Manifest,
  key: Key,
  signature: z.string().regex(/^[A-Za-z0-9+/]{86}==$/, 'must be an Ed25519 signature in base64'),
})
export type Signed = z.infer<typeof Signed>

export const AgentRelease = z
  .object({
    id: Id,
    ...Manifest.shape,
    next_key: Key.nullable(),
    key: Key.meta({ description: 'who signed; the agents decide whether they trust it' }),
    created_at: InstantText,
    stored_at: InstantText.nullable().meta({ description: 'null until its file is here' }),
    withdrawn_at: InstantText.nullable(),
  })
  .meta({ id: 'AgentRelease' })
export type AgentRelease = z.infer<typeof AgentRelease>

/** Whom a wave reaches: these agents, or those with these labels, or so many of all, in an order that no one chooses. */
export const Wave = z.union([
  z.strictObject({ agents: z.array(Id).min(1).max(1_000) }),
  z.strictObject({ labels: Labels }),
  z.strictObject({ percent: z.int().min(1).max(100).meta({ description: 'of all, with the waves before' }) }),
])
export type Wave = z.infer<typeof Wave>
export const NewRollout = z.object({
  release_id: Id,
  waves: z.array(Wave).min(1).max(20),
  soak_seconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(900)
    .meta({ description: 'how long each agent must do well before the next wave' }),
  max_failures: z.int().min(0).max(10_000).default(0).meta({ description: 'one more halts it, and all go back' }),
})
export type NewRollout = z.infer<typeof NewRollout>

export const ROLLOUT_STATES = ['running', 'paused', 'halted', 'completed', 'rolled_back'] as const
export type RolloutState = (typeof ROLLOUT_STATES)[number]
export const UPDATE_STATES = [
  'waiting',
  'offered',
  'fetching',
  'switching',
  'updated',
  'refused',
  'failed',
  'going_back',
  'went_back',
  'not_for_it',
  'superseded',
] as const
export type UpdateState = (typeof UPDATE_STATES)[number]

/** How one agent stands in a roll-out. */
export const AgentUpdate = z
  .object({
    agent_id: Id,
    agent_name: z.string(),
    rollout_id: Id,
    version: z.string().meta({ description: 'that the roll-out brings' }),
    running: z.string().meta({ description: 'that the agent has' }),
    wave: z.int().meta({ description: 'from 1' }),
    state: z.enum(UPDATE_STATES),
    is_failure: z.boolean(),
    reason: z.string().nullable(),
    detail: z.string().nullable(),
    since: InstantText,
  })
  .meta({ id: 'AgentUpdate' })
export type AgentUpdate = z.infer<typeof AgentUpdate>

const WaveProgress = z.object({
  wave: Wave,
  agents: z.int(),
  updated: z.int(),
  failed: z.int(),
  waiting: z.int().meta({ description: 'away, or not answering: they follow when they are back' }),
})
export const AgentRollout = z
  .object({
    id: Id,
    release_id: Id,
    version: z.string(),
    platform: z.string(),
    state: z.enum(ROLLOUT_STATES),
    wave: z.int().meta({ description: 'the present one, from 1' }),
    waves: z.array(WaveProgress),
    soak_seconds: z.int(),
    max_failures: z.int(),
    failures: z.int(),
    created_at: InstantText,
    created_by: z.string(),
    changed_at: InstantText,
    changed_by: z.string(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'AgentRollout' })
export type AgentRollout = z.infer<typeof AgentRollout>
export const RolloutWithAgents = AgentRollout.extend({ agents: z.array(AgentUpdate) })

export const Reason = z.object({ reason: z.string().trim().min(1).max(500) })

/** An agent's own words, and the proof that they are. */
const Proof = { agent_id: Id, challenge: z.string().max(100), signature: z.base64().max(200) }
export const Telling = z.object({
  state: z.enum(TELLINGS),
  platform: Platform,
  version: z.string().min(1).max(64),
  rollout: Id.optional(),
  reason: z
    .string()
    .regex(/^[a-z_]{1,64}$/)
    .optional(),
  detail: z.string().max(2_000).optional(),
  starts: z.int().min(0).optional(),
})
export const TellUpdate = z.object({ ...Proof, telling: Telling })
export type TellUpdate = z.infer<typeof TellUpdate>
export const UpdateOrder = z.object({
  order: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('install'), rollout: Id, signed: Signed }),
      z.object({ kind: z.literal('go_back'), rollout: Id, version: z.string() }),
    ])
    .nullable(),
})
export type UpdateOrder = z.infer<typeof UpdateOrder>
export const AskFile = z.object({ ...Proof, sha256: Sha256, from: z.int().min(0).max(RELEASE_LIMITS.bytes) })
export type AskFile = z.infer<typeof AskFile>
