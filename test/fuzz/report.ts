/** Reports through the pure stages of the intake: envelope, body, facts, readings. Each verdict is compared with the rules by hand. */
import { createUser } from '@nats-io/nkeys'
import { inflateRawSync } from 'node:zlib'
import {
  Batch,
  DICTIONARY,
  type Envelope,
  HEADERS,
  LIMITS,
  sha256,
  signedText,
  SUBJECTS,
} from '#connectors/contract.ts'
import { isGenuine, type Message, readEnvelope } from '#control-plane/ingest/envelope.ts'
import { measure, reachOf, readingCount, sift } from '#control-plane/ingest/rules.ts'
import { signature } from '../integration/agent.ts'
import { mutatedBytes, mutatedText } from './mutate.ts'
import type { Random } from './random.ts'
import { deflated, makeReport, NOW, type Report } from './reports.ts'
import { smallerBytes, smallerTexts, smallerTrees } from './shrink.ts'
import { type AnyTarget, target } from './target.ts'
import { isBatch, isUuid, isWhole, mayBeRead, mayBeTaken } from './wire.ts'

const names = { own: '01890000-0000-7000-8000-000000000001', foreign: '01890000-0000-7000-8000-000000000002' }
const own = new Set([names.own])

/** The JSON in a body, or undefined where there is none. */
export function textOf(body: Uint8Array): string | undefined {
  try {
    return inflateRawSync(body, { dictionary: DICTIONARY, maxOutputLength: LIMITS.inflatedBytes }).toString()
  } catch {
    return undefined
  }
}
function valueOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(body) ?? '')
  } catch {
    return undefined
  }
}

function wrongWith(body: Uint8Array): string | null {
  const value = valueOf(body)
  const parsed = Batch.safeParse(value)
  if (parsed.success !== isBatch(value))
    return `a batch is ${parsed.success ? 'accepted, though invalid' : 'refused, though valid'}`
  if (!parsed.success) return null
  const { facts, clock_offset_ms } = parsed.data
  const { taken, refused } = sift(facts, own, reachOf(NOW, clock_offset_ms))
  if (taken.length + refused.length !== facts.length) return 'facts vanished: neither taken nor refused'
  const positions = new Set(taken.map(({ position }) => position))
  for (const [position, raw] of facts.entries()) {
    const valid = mayBeTaken(raw, own, NOW, clock_offset_ms)
    if (positions.has(position) && !valid) return `an invalid fact was accepted: number ${position}`
    if (!positions.has(position) && valid) return `a valid fact was refused: number ${position}`
  }
  for (const { fact, position } of taken) {
    const wrong = fact.type === 'readings' ? wrongReadings(fact, facts[position]) : null
    if (wrong) return wrong
  }
  return null
}

type Series = Record<string, unknown>
function wrongReadings(fact: { counters: Series; gauges: Series }, raw: unknown): string | null {
  const measured = measure(fact.counters, fact.gauges)
  const { counters = {}, gauges = {} } = raw as { counters?: Series; gauges?: Series }
  const total = measured.counters.size + measured.gauges.size + measured.refused.length
  if (total !== readingCount(raw))
    return `the sums don't hold: ${readingCount(raw)} readings received, ${total} accounted for`
  for (const [key, value] of Object.entries(counters)) {
    const valid = mayBeRead('counter', key, value)
    if (measured.counters.has(key) !== valid)
      return `a counter was ${valid ? 'refused, though valid' : 'accepted, though invalid'}: ${key}`
    if (valid && BigInt(measured.counters.get(key) ?? -1) !== BigInt(value as string | number))
      return `a counter became another one: ${key}`
  }
  for (const [key, value] of Object.entries(gauges)) {
    const valid = mayBeRead('gauge', key, value)
    if (measured.gauges.has(key) !== valid)
      return `a gauge was ${valid ? 'refused, though valid' : 'accepted, though invalid'}: ${key}`
    const kept = measured.gauges.get(key)
    if (valid && !Object.is(kept, value) && !(isWhole(value) && String(kept) === String(value)))
      return `a gauge became another one: ${key}`
  }
  return null
}

/** Smaller JSON where there is some, else a smaller text, else fewer bytes. */
export function* smallerBodies(body: Uint8Array): Generator<Uint8Array> {
  const text = textOf(body)
  const value = valueOf(body)
  if (value !== undefined) for (const tree of smallerTrees(value)) yield deflated(JSON.stringify(tree))
  if (text === undefined) yield* smallerBytes(body)
  else for (const shorter of smallerTexts(text)) yield deflated(shorter)
}

export const shown = (body: Uint8Array): string => textOf(body) ?? `bytes ${Buffer.from(body).toString('hex')}`

export const reports = (): AnyTarget =>
  target<Report>({
    name: 'report',
    weight: 60,
    make: (random) => makeReport(random, names),
    try: ({ body }) => wrongWith(body),
    *shrink({ level, body }) {
      for (const smaller of smallerBodies(body)) yield { level, body: smaller }
    },
    show: ({ level, body }) => `(${level}) ${shown(body)}`,
  })

const AGENT = '01890000-0000-7000-8000-00000000000a'
const key = createUser()
const stranger = createUser()

interface Letter {
  message: Message
  /** true: nothing was changed after it was signed */
  whole: boolean
}

const envelopeOf = (random: Random): Envelope => ({
  message: random.pick(['hello', 'batch']),
  spool: random.uuid(),
  sequence: random.pick([0, 1, 2, 2_147_483_647, random.below(1_000)]),
  previous: random.pick(['', sha256('before')]),
})

export function signed(envelope: Envelope, body: Uint8Array, by: typeof key, agent: string): Message {
  const subject = SUBJECTS.report(agent)
  const fields = { ...envelope, signature: signature(by, signedText(subject, envelope, body)) }
  const headers = Object.entries(HEADERS).map(
    ([field, name]) => [name, String(fields[field as keyof typeof fields])] as const,
  )
  return { subject, headers: new Map(headers), body }
}

function makeLetter(random: Random): Letter {
  const body = random.bytes(random.below(64))
  const byStranger = random.chance(0.1)
  const message = signed(envelopeOf(random), body, byStranger ? stranger : key, AGENT)
  switch (random.below(5)) {
    case 0:
      return { message, whole: !byStranger }
    case 1:
      return { message: { ...message, body: mutatedBytes(random, body) }, whole: false }
    case 2:
      return { message: { ...message, subject: SUBJECTS.report(random.uuid()) }, whole: false }
    default: {
      const headers = new Map(message.headers)
      const name = random.pick([...headers.keys()])
      if (random.chance(0.1)) headers.delete(name)
      else headers.set(name, mutatedText(random, headers.get(name) ?? ''))
      return { message: { ...message, headers }, whole: false }
    }
  }
}

/** What the product reads as an envelope and holds for genuine must be what was signed, to the letter. */
function wrongLetter({ message, whole }: Letter): string | null {
  const read = readEnvelope(message)
  if ('wrong' in read) return whole ? `a valid envelope was refused: ${read.wrong}` : null
  const { spool, sequence, previous } = read.envelope
  if (!isUuid(spool) || !Number.isInteger(sequence) || sequence < 0 || sequence > 2 ** 31 - 1)
    return 'an envelope is accepted, though invalid'
  if (previous !== '' && !/^[0-9a-f]{64}$/.test(previous)) return 'an envelope is accepted, though its chain is invalid'
  const genuine = isGenuine(message, read.envelope, read.signature, key.getPublicKey())
  if (whole && !genuine) return 'a genuine message was taken for a forged one'
  const text = signedText(message.subject, read.envelope, message.body)
  const really = genuine && key.verify(text, Buffer.from(read.signature, 'base64'))
  return genuine && !really ? 'a forged message was taken for a genuine one' : null
}

export const envelopes = (): AnyTarget =>
  target<Letter>({
    name: 'envelope',
    weight: 2,
    make: makeLetter,
    try: wrongLetter,
    show: ({ message, whole }) =>
      JSON.stringify({
        whole,
        subject: message.subject,
        headers: [...message.headers],
        body: Buffer.from(message.body).toString('hex'),
      }),
  })
