/** The intake: a report comes in, its key and all its effects commit together, and the reply is the acknowledgement. */
import { inflateRawSync } from 'node:zlib'
import {
  type AgentConfig,
  Batch as BatchBody,
  DICTIONARY,
  type Envelope,
  Hello,
  LIMITS,
  PROTOCOL,
  type Reply,
  sha256,
} from '#connectors/contract.ts'
import type { Actor } from '../base/actor.ts'
import { system } from '../base/actor.ts'
import { openCut } from '../db/cut.ts'
import { type Clock, type Context, collided, type Database, databaseError, transact } from '../db/index.ts'
import { openNotice } from '../events/index.ts'
import { forgetParts } from '../inventory/index.ts'
import { agentForReport, alarm, configOf, heard, type Refusal as NotedRefusal, sourcesOf } from '../sources/index.ts'
import { apply } from './apply.ts'
import { agentOf, asksForItself, isGenuine, type Message, readEnvelope } from './envelope.ts'
import { advance, isText, isTooDeep, reachOf, readingCount, type Refusal, sift } from './rules.ts'
import { batches } from './metrics.ts'
import * as store from './store.ts'

export type { Message } from './envelope.ts'
export { accounting, listQuarantined, quarantineTotal } from './accounting.ts'
export { pendingWork, settle, settleHere } from './settle.ts'
export { lostIn } from './store.ts'

export interface IntakeDeps {
  db: Database
  now: Clock
  /** after the commit: resources with new readings */
  sampled(resource_ids: readonly string[]): void
  /** a message that pretended to be what it isn't; none is heard where nobody asks */
  refused?(refusal: NotedRefusal): void
}

const RETRIES = 3
const FORGERIES_KEPT_PER_HOUR = 20
const actor: Actor = system('ingest')
const refusal = (code: string, message: string, retry = false): Reply => ({ ok: false, code, message, retry })

/** As `receive`, but answers only to the sender's own inbox: an answer elsewhere would be our word where the sender has none. */
export async function receiveOwn(deps: IntakeDeps, message: Message & { reply: string }): Promise<Uint8Array | null> {
  if (asksForItself(message)) return await receive(deps, message)
  const id = agentOf(message.subject)
  deps.refused?.({
    reason: 'foreign_inbox',
    about: id === null ? null : { kind: 'agent', id },
    detail: `It asked for an answer on ${message.reply.slice(0, 100) || 'no subject'}.`,
  })
  return null
}

/** Takes one message of an agent and answers it. Never throws: what can't be taken is refused in words. */
export async function receive(deps: IntakeDeps, message: Message): Promise<Uint8Array> {
  const reply = await answer(deps, message).catch((error: unknown) =>
    refusal(
      'unavailable',
      `The control plane could not store the report: ${reasonOf(error)}. It is kept in the spool and sent again.`,
      true,
    ),
  )
  batches.inc({ result: reply.ok ? 'taken' : reply.code })
  return new TextEncoder().encode(JSON.stringify(reply))
}

const reasonOf = (error: unknown): string =>
  databaseError(error)?.code ?? (error instanceof Error ? error.name : 'unknown')

async function answer(deps: IntakeDeps, message: Message): Promise<Reply> {
  const agent_id = agentOf(message.subject)
  const read = readEnvelope(message)
  if (!agent_id || 'wrong' in read)
    return refusal('malformed', `The envelope cannot be read: ${'wrong' in read ? read.wrong : message.subject}.`)
  const run = <T>(work: (ctx: Context) => Promise<T>) => atOnce(deps, work)
  const agent = await run((ctx) => agentForReport(ctx, agent_id))
  const note = (reason: string, detail: string) =>
    deps.refused?.({ reason, about: agent && { kind: 'agent', id: agent.id }, detail })
  if (!agent) {
    note('unknown_agent', 'A report came on the subject of an agent that was never enrolled.')
    return refusal('unknown_agent', 'No such agent is enrolled here: enrol it again.')
  }
  if (agent.revoked_at) {
    note('revoked_report', 'It reported though it was revoked.')
    return refusal('revoked', 'This agent was revoked: enrol it again if it should report.')
  }
  if (!isGenuine(message, read.envelope, read.signature, agent.public_key)) {
    note('forged_report', 'A report on its subject was not signed with its key.')
    return run((ctx) => refuseForgery(ctx, agent, message))
  }
  if (read.envelope.message === 'hello') return run((ctx) => greet(ctx, agent_id, read.envelope, message.body))
  const taken = await withRetries(() => run((ctx) => take(ctx, agent, read.envelope, message.body, takeFacts))).catch(
    (error: unknown) => {
      const code = databaseError(error)?.code ?? ''
      if (!UNSTORABLE.test(code)) throw error
      return run((ctx) => take(ctx, agent, read.envelope, message.body, setAside(code)))
    },
  )
  if (taken.sampled.length > 0) deps.sampled(taken.sampled)
  if (taken.pretence) note(taken.pretence, PRETENCES[taken.pretence])
  return taken.reply
}

/** One instant for the whole transaction: each stage books what it took in the same hour, also while that hour ends. */
function atOnce<T>({ db, now }: IntakeDeps, work: (ctx: Context) => Promise<T>): Promise<T> {
  const instant = now()
  return transact(db, actor, () => instant, work)
}

/** Deadlocks and serialisation failures are tried again: the whole batch or nothing. */
async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await work()
    } catch (error) {
      if (attempt >= RETRIES || !collided(error)) throw error
    }
}

async function refuseForgery(ctx: Context, agent: { id: string; name: string }, message: Message): Promise<Reply> {
  const detail = `A report on the subject of agent ${agent.name} was not signed with its key. It was refused; nothing of it was stored as a fact.`
  if ((await store.recentQuarantine(ctx, agent.id, 'forged', ctx.now() - 3_600_000)) < FORGERIES_KEPT_PER_HOUR)
    await store.insertQuarantine(ctx, [
      {
        agent_id: agent.id,
        source_id: null,
        spool_id: null,
        sequence: null,
        reason: 'forged',
        detail,
        readings: 0,
        raw: Buffer.from(message.body.subarray(0, 64)).toString('hex'),
      },
    ])
  await openNotice(ctx, { code: 'agent.forged_report', subject: { kind: 'agent', id: agent.id, name: agent.name } })
  return refusal('forged', 'The signature is not that of the agent whose subject this is.')
}

async function greet(ctx: Context, agent_id: string, envelope: Envelope, body: Uint8Array): Promise<Reply> {
  const hello = Hello.safeParse(decode(body).value)
  if (!hello.success || isTooDeep(hello.data) || !isText(hello.data))
    return refusal('malformed', 'The hello cannot be read.')
  if (hello.data.oldest_protocol > PROTOCOL.current || hello.data.protocol < PROTOCOL.oldest)
    return refusal(
      'protocol',
      `The control plane speaks protocols ${PROTOCOL.oldest} to ${PROTOCOL.current}; this agent speaks ${hello.data.oldest_protocol} to ${hello.data.protocol}: bring the older one up to date.`,
    )
  const { hostname, version, manifests, spool_bytes, first_sequence } = hello.data
  // the spool before the agent, as a batch locks them: hellos and batches of one agent never wait for each other in a ring
  const spool = await store.lockSpool(ctx, envelope.spool, agent_id)
  await heard(ctx, { agent_id, hostname, version, manifests, spool_bytes })
  if (spool.agent_id !== agent_id) return foreignSpool(ctx, agent_id)
  const watermark = await passForgotten(ctx, spool, first_sequence - 1)
  return accepted(ctx, watermark, [], await configOf(ctx, agent_id))
}

/**
 * What lies before the oldest batch of the spool never comes again: it was acknowledged before this database was restored, or its loss
 * is admitted in a batch to come. Waiting for it would keep the watermark for ever.
 */
async function passForgotten(ctx: Context, spool: store.SpoolRow, forgotten: number): Promise<number> {
  if (forgotten <= spool.watermark) return spool.watermark
  const watermark = advance(forgotten, await store.sequencesAbove(ctx, spool.id, forgotten), [])
  await store.setWatermark(ctx, spool.id, watermark)
  return watermark
}

const accepted = (ctx: Context, watermark: number, unknown_digests: string[] = [], config?: AgentConfig): Reply => ({
  ok: true,
  watermark,
  stored_at_ms: ctx.now(),
  unknown_digests,
  config,
})

async function foreignSpool(ctx: Context, agent_id: string): Promise<Reply> {
  await alarm(ctx, agent_id, 'cloned agent')
  return refusal(
    'foreign_spool',
    'This spool belongs to another agent: it was copied. Delete the spool folder here; a new one is made at start.',
  )
}

/** Inflates within bounds and parses; says what is wrong instead of throwing. */
function decode(body: Uint8Array): { value: unknown; wrong?: undefined } | { value?: undefined; wrong: string } {
  try {
    const text = inflateRawSync(body, { dictionary: DICTIONARY, maxOutputLength: LIMITS.inflatedBytes }).toString(
      'utf8',
    )
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { wrong: `The body cannot be read: ${error instanceof Error ? error.message : 'unknown'}.` }
  }
}

const PRETENCES = {
  foreign_source: 'A report named a source of another agent.',
  malformed_report: 'A report held what no report holds.',
} as const

interface TakenBatch {
  reply: Reply
  sampled: string[]
  pretence?: keyof typeof PRETENCES | undefined
}

/** One batch: its key, its facts and its counts in one transaction. */
async function take(
  ctx: Context,
  agent: { id: string; name: string },
  envelope: Envelope,
  body: Uint8Array,
  use: typeof takeFacts,
): Promise<TakenBatch> {
  const spool = await store.lockSpool(ctx, envelope.spool, agent.id)
  if (spool.agent_id !== agent.id) return { reply: await foreignSpool(ctx, agent.id), sampled: [] }
  const hash = sha256(body)
  const known = await store.findBatch(ctx, spool.id, envelope.sequence)
  if (known || envelope.sequence <= spool.watermark)
    return { reply: await repeat(ctx, agent, spool, envelope, known?.hash ?? hash, hash, body), sampled: [] }
  const before = await store.findBatch(ctx, spool.id, envelope.sequence - 1)
  const chained = !before || before.hash === envelope.previous
  if (!chained) await cloneAlarm(ctx, agent, spool.id)
  await store.insertBatch(ctx, {
    spool_id: spool.id,
    sequence: envelope.sequence,
    hash,
    previous: envelope.previous,
    chained,
    bytes: body.length,
  })
  const applied = await use(ctx, agent.id, envelope, body)
  const present = await store.sequencesAbove(ctx, spool.id, spool.watermark)
  const watermark = advance(spool.watermark, present, await store.lostSequences(ctx, spool.id))
  if (watermark !== spool.watermark) await store.setWatermark(ctx, spool.id, watermark)
  const { sampled, pretence } = applied
  return { reply: accepted(ctx, watermark, applied.unknown_digests), sampled, pretence }
}

/** The key is known: the same batch again, or another one under the same key. Both are acknowledged, neither counts. */
async function repeat(
  ctx: Context,
  agent: { id: string; name: string },
  spool: store.SpoolRow,
  envelope: Envelope,
  stored: string,
  hash: string,
  body: Uint8Array,
): Promise<Reply> {
  const { value } = decode(body)
  const counts = readingsBySource(value, await ownSources(ctx, agent.id))
  if (stored === hash) await store.countIntake(ctx, counts, true)
  else {
    const detail = `Sequence ${envelope.sequence} came before with other content: two machines write one spool.`
    await store.countIntake(ctx, counts, false)
    await quarantineAll(ctx, agent.id, envelope, 'cloned', detail, counts, body)
    await cloneAlarm(ctx, agent, spool.id)
  }
  return accepted(ctx, spool.watermark)
}

async function cloneAlarm(ctx: Context, agent: { id: string; name: string }, spool_id: string): Promise<void> {
  await store.markCloned(ctx, spool_id)
  await alarm(ctx, agent.id, 'cloned agent')
  await openNotice(ctx, { code: 'agent.cloned', subject: { kind: 'agent', id: agent.id, name: agent.name } })
}

type OwnSources = Map<string, { source_id: string; realm: string; account_id: string | null; interval_ms: number }>
async function ownSources(ctx: Context, agent_id: string): Promise<OwnSources> {
  return new Map(
    (await sourcesOf(ctx, agent_id)).map((s) => [
      s.id,
      { source_id: s.id, realm: s.realm, account_id: s.account_id, interval_ms: s.interval_ms },
    ]),
  )
}

function readingsBySource(value: unknown, sources: OwnSources): Map<string, number> {
  const facts = (value as { facts?: unknown } | undefined)?.facts
  const out = new Map<string, number>()
  for (const fact of Array.isArray(facts) ? (facts as unknown[]) : []) {
    const source = (fact as { source?: unknown } | null)?.source
    if (typeof source === 'string' && sources.has(source)) out.set(source, (out.get(source) ?? 0) + readingCount(fact))
  }
  return out
}

async function quarantineAll(
  ctx: Context,
  agent_id: string,
  { spool, sequence }: Envelope,
  reason: string,
  detail: string,
  counts: ReadonlyMap<string, number>,
  body: Uint8Array,
): Promise<void> {
  const raw = Buffer.from(body.subarray(0, 256)).toString('hex')
  const row = { agent_id, spool_id: spool, sequence, reason, detail, raw }
  const bySource = [...counts].map(([source_id, readings]) => ({ ...row, source_id, readings }))
  await store.insertQuarantine(ctx, bySource.length > 0 ? bySource : [{ ...row, source_id: null, readings: 0 }])
}

/** SQLSTATEs of values that no column takes: sent again, they would fail again and hold up the spool for ever. */
const UNSTORABLE = /^22/

/** Instead of `takeFacts`: the whole batch goes to quarantine. */
const setAside =
  (code: string): typeof takeFacts =>
  async (ctx, agent_id, envelope, body) => {
    const counts = readingsBySource(decode(body).value, await ownSources(ctx, agent_id))
    await store.countIntake(ctx, counts, false)
    const detail = `A value in the batch cannot be stored (SQLSTATE ${code}); all of it was set aside.`
    await quarantineAll(ctx, agent_id, envelope, 'unstorable', detail, counts, body)
    return { unknown_digests: [], sampled: [] }
  }

async function takeFacts(
  ctx: Context,
  agent_id: string,
  envelope: Envelope,
  body: Uint8Array,
): Promise<Pick<TakenBatch, 'sampled' | 'pretence'> & { unknown_digests: string[] }> {
  const { value, wrong } = decode(body)
  const parsed = BatchBody.safeParse(value)
  if (!parsed.success) {
    const detail =
      wrong ??
      parsed.error.issues
        .slice(0, 5)
        .map((issue) => `/${issue.path.join('/')}: ${issue.message}`)
        .join('; ')
    await quarantineAll(ctx, agent_id, envelope, 'malformed', detail, new Map(), body)
    return { unknown_digests: [], sampled: [], pretence: 'malformed_report' }
  }
  const sources = await ownSources(ctx, agent_id)
  const offset_ms = parsed.data.clock_offset_ms
  const { taken, refused } = sift(parsed.data.facts, new Set(sources.keys()), reachOf(ctx.now(), offset_ms))
  await store.countIntake(ctx, readingsBySource(value, sources), false)
  const applied = await apply(
    ctx,
    { spool: envelope.spool, sequence: envelope.sequence, offset_ms, cut: await openCut(ctx.tx), sources },
    taken,
  )
  await quarantineRefusals(ctx, agent_id, envelope, [...refused, ...applied.refused])
  await heard(ctx, { agent_id, clock_offset_ms: offset_ms })
  const isForeign = refused.some(({ reason }) => reason === 'foreign_source')
  return { ...applied, pretence: isForeign ? 'foreign_source' : undefined }
}

const quarantineRefusals = (
  ctx: Context,
  agent_id: string,
  { spool, sequence }: Envelope,
  refused: readonly Refusal[],
): Promise<void> =>
  store.insertQuarantine(
    ctx,
    refused.map(({ reason, detail, source_id, readings, raw }) => ({
      agent_id,
      source_id,
      spool_id: spool,
      sequence,
      reason,
      detail,
      readings,
      raw: JSON.stringify(raw) ?? '',
    })),
  )

const KEYS_KEPT_MS = 40 * 86_400_000
/** Background: forgets batch keys that are old and far below the watermark, and parts of listings that never became whole. */
export async function forgetOldKeys(ctx: Context): Promise<void> {
  await store.forgetOld(ctx, ctx.now() - KEYS_KEPT_MS, 10_000)
  await forgetParts(ctx, ctx.now() - KEYS_KEPT_MS, 10_000)
}
