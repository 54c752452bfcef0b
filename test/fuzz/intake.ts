/** Validly signed garbage through the whole intake into PostgreSQL: it is answered, nothing invalid is stored, and the sums hold. */
import { type Envelope, Reply } from '#connectors/contract.ts'
import { accounting, receive, settle } from '#control-plane/ingest/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { sql } from 'drizzle-orm'
import { greeting } from './greeting.ts'
import { mutatedBytes, mutatedTree } from './mutate.ts'
import type { Random } from './random.ts'
import { shown, signed, smallerBodies, textOf } from './report.ts'
import { deflated, makeReport, NOW } from './reports.ts'
import { FOREIGN_SOURCE, OWN_SOURCE, type Stage } from './stage.ts'
import { type AnyTarget, target } from './target.ts'
import { isBatch, isHello, mayBeRead, mayBeTaken } from './wire.ts'

/** What follows the first message: nothing, the same again, another under the same number. */
type Second = 'nothing' | 'repeat' | 'clone'
interface Delivery {
  message: 'hello' | 'batch'
  /** changed after it was signed */
  forged: boolean
  spool: string
  sequence: number
  body: Uint8Array
  second: Second
}
interface Sums {
  received: number
  duplicate: number
  quarantined: number
}

/** A report is taken within this time, however odd it is. */
const TIME_MAX_MS = 5_000
/** What was taken is settled this often, so that what derives from odd facts is made too. */
const SETTLE_EVERY = 40
const SETTLE_ROUNDS = 20
const own = new Set([OWN_SOURCE])

function make(random: Random): Delivery {
  const spool = random.uuid()
  const forged = random.chance(0.05)
  if (random.chance(0.1))
    return {
      message: 'hello',
      forged,
      spool,
      sequence: 0,
      body: deflated(JSON.stringify(random.chance(0.2) ? greeting(spool) : mutatedTree(random, greeting(spool))) ?? ''),
      second: 'nothing',
    }
  return {
    message: 'batch',
    forged,
    spool,
    sequence: random.pick([1, 1, 1, 1, 2, 7, 0, 2_147_483_647]),
    body: makeReport(random, { own: OWN_SOURCE, foreign: FOREIGN_SOURCE }).body,
    second: random.pick(['nothing', 'nothing', 'repeat', 'clone']),
  }
}

function valueOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(body) ?? '')
  } catch {
    return undefined
  }
}

/** Readings that a fact of our source carries, and how many of them may be taken. */
function readingsOf(raw: unknown, offset_ms: number): { total: number; good: number } {
  const { type, source, counters, gauges } = (raw ?? {}) as Record<string, unknown>
  if (type !== 'readings' || source !== OWN_SOURCE) return { total: 0, good: 0 }
  const entries = (part: unknown) => (typeof part === 'object' && part !== null ? Object.entries(part) : [])
  const [counted, gauged] = [entries(counters), entries(gauges)]
  const good =
    counted.filter(([key, value]) => mayBeRead('counter', key, value)).length +
    gauged.filter(([key, value]) => mayBeRead('gauge', key, value)).length
  return { total: counted.length + gauged.length, good: mayBeTaken(raw, own, NOW, offset_ms) ? good : 0 }
}

function sumsOf(body: Uint8Array, how: 'new' | 'repeat' | 'clone'): Sums {
  const value = valueOf(body) as { facts?: unknown; clock_offset_ms?: number } | undefined
  const facts: unknown[] = Array.isArray(value?.facts) ? value.facts : []
  if (how === 'new' && !isBatch(value)) return { received: 0, duplicate: 0, quarantined: 0 }
  const counts = facts.map((fact) => readingsOf(fact, value?.clock_offset_ms ?? 0))
  const received = counts.reduce((sum, { total }) => sum + total, 0)
  const good = counts.reduce((sum, one) => sum + one.good, 0)
  if (how === 'repeat') return { received, duplicate: received, quarantined: 0 }
  return { received, duplicate: 0, quarantined: how === 'clone' ? received : received - good }
}

class Intake {
  readonly #stage: Stage
  #expected: Sums = { received: 0, duplicate: 0, quarantined: 0 }
  #delivered = 0

  constructor(stage: Stage) {
    this.#stage = stage
  }

  async deliver(delivery: Delivery): Promise<string | null> {
    const started = performance.now()
    const wrong = (await this.#messages(delivery)) ?? (await this.#unstorable(delivery)) ?? (await this.#sums())
    const took_ms = performance.now() - started
    if (wrong) return wrong
    return took_ms > TIME_MAX_MS ? `it took ${Math.round(took_ms)} ms to take the report` : this.#settled()
  }

  async #messages({ message, forged, spool, sequence, body, second }: Delivery): Promise<string | null> {
    // a spool is new to each delivery, also where the same input is tried again
    const envelope: Envelope = { message, spool: crypto.randomUUID(), sequence, previous: '' }
    if (message === 'hello') return this.#answered(envelope, body, forged, isHello(valueOf(body)))
    const wrong = await this.#answered(envelope, body, forged, true)
    if (wrong || forged) return wrong
    this.#expect(sumsOf(body, sequence === 0 ? 'repeat' : 'new'))
    if (second === 'nothing' || sequence === 0) return null
    const other = second === 'clone' ? makeReportLike(body, spool) : body
    this.#expect(sumsOf(other, second))
    return this.#answered(envelope, other, false, true)
  }

  async #answered(envelope: Envelope, body: Uint8Array, forged: boolean, welcome: boolean): Promise<string | null> {
    const { world, agent } = this.#stage
    const message = signed(envelope, body, agent.key, agent.id)
    const sent = forged ? { ...message, body: Buffer.concat([body, Buffer.from([0])]) } : message
    const answer = await receive({ db: world.db, now: () => world.clock.now, sampled: () => {} }, sent)
    const reply = Reply.parse(JSON.parse(new TextDecoder().decode(answer)))
    if (!reply.ok && reply.code === 'unavailable')
      return `it is refused for ever, and what comes after it: ${reply.message}`
    if (forged) return !reply.ok && reply.code === 'forged' ? null : 'a forged message was taken'
    if (reply.ok === welcome) return null
    return reply.ok
      ? `an invalid ${envelope.message} was accepted`
      : `a valid ${envelope.message} was refused: ${reply.message}`
  }

  /** What the database itself had to refuse, the checks before it let through. */
  async #unstorable({ message }: Delivery): Promise<string | null> {
    if (message === 'hello') return null
    const found = await rows<{ detail: string }>(
      this.#stage.world.db,
      sql`select detail from quarantine where reason = 'unstorable' order by id desc limit 1`,
    )
    if (!found[0]) return null
    await this.#stage.world.db.execute(
      sql`update quarantine set reason = 'unstorable, told' where reason = 'unstorable'`,
    )
    return `only the database refused it: ${found[0].detail}`
  }

  #expect(sums: Sums): void {
    for (const name of ['received', 'duplicate', 'quarantined'] as const) this.#expected[name] += sums[name]
  }

  /** received = duplicate + quarantined + accepted, and each is what was really sent. */
  async #sums(): Promise<string | null> {
    const expected = this.#expected
    const found = await this.#stage.world.run((ctx) => accounting(ctx, 1, OWN_SOURCE))
    const { received = 0, duplicate = 0, quarantined = 0, metered = 0, metric_only = 0 } = found[0] ?? {}
    this.#expected = { received, duplicate, quarantined }
    if (received !== duplicate + quarantined + metered + metric_only)
      return `the sums don't hold: ${JSON.stringify(found[0])}`
    const told = JSON.stringify({ received, duplicate, quarantined })
    return told === JSON.stringify(expected)
      ? null
      : `the sums are not of what was sent: ${told}, expected ${JSON.stringify(expected)}`
  }

  async #settled(): Promise<string | null> {
    this.#delivered += 1
    if (this.#delivered % SETTLE_EVERY !== 0) return null
    const started = performance.now()
    await settle(this.#stage.world.db, () => this.#stage.world.clock.now, SETTLE_ROUNDS)
    const took_ms = performance.now() - started
    return took_ms > 4 * TIME_MAX_MS ? `it took ${Math.round(took_ms)} ms to settle what was reported` : null
  }

  /** What lies in the tables, whoever put it there: counters within 64 bits, instants within reach. */
  async verdict(): Promise<string[]> {
    const { db } = this.#stage.world
    const out: string[] = []
    const [bad] = await rows<{ n: string }>(
      db,
      sql`select count(*) as n from reading, jsonb_each_text(to_jsonb(reading.counters)) as c(key, value)
          where value !~ '^[0-9]{1,20}$' or value::numeric >= 18446744073709551616
             or seen_at < 'epoch' or seen_at > ${new Date(NOW + 86_400_000).toISOString()}::timestamptz`,
    )
    if (bad?.n !== '0') out.push(`${bad?.n} counters are stored that are none`)
    const [batches] = await rows<{ n: string }>(db, sql`select count(*) as n from batch`)
    if (batches?.n === '0' && this.#delivered > 20) out.push('no batch was stored: nothing was tried')
    return out
  }
}

/** Another body under the same number: the first one, with a byte of the batch's name changed. */
const makeReportLike = (body: Uint8Array, mark: string): Uint8Array => {
  const text = textOf(body)
  return text === undefined ? Buffer.concat([body, Buffer.from(mark)]) : deflated(`${text} `)
}

export function intake(stage: Stage): AnyTarget {
  const taken = new Intake(stage)
  return target<Delivery>({
    name: 'intake',
    weight: 2.5,
    make: (random) => {
      const made = make(random)
      return made.forged ? { ...made, body: mutatedBytes(random, made.body) } : made
    },
    try: (delivery) => taken.deliver(delivery),
    *shrink(delivery) {
      if (delivery.second !== 'nothing') yield { ...delivery, second: 'nothing' }
      for (const body of smallerBodies(delivery.body)) yield { ...delivery, body }
    },
    show: ({ body, ...rest }) => `${JSON.stringify(rest)} ${shown(body)}`,
    verdict: () => taken.verdict(),
  })
}
