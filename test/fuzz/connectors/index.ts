/** What systems answer, damaged, through each connector: valid facts or a `ConnectorError` come out, and in time. */
import { readdirSync } from 'node:fs'
import { type Collected, type Connector, ConnectorError, Fact, Observation } from '#connectors/contract.ts'
import { CONNECTORS } from '#connectors/registry.ts'
import { measure } from '#control-plane/ingest/rules.ts'
import { mutatedText } from '../mutate.ts'
import type { Random } from '../random.ts'
import { NOW } from '../reports.ts'
import { smallerTexts } from '../shrink.ts'
import { type AnyTarget, target } from '../target.ts'
import { longText } from '../values.ts'
import { isFact, isObservation, isStorable, mayBeRead } from '../wire.ts'
import { cephRgw } from './ceph-rgw.ts'
import { hardware } from './hardware.ts'
import { host } from './host.ts'
import { ipmi } from './ipmi.ts'
import { kubernetes } from './kubernetes.ts'
import { libvirt } from './libvirt.ts'
import { openstack } from './openstack.ts'
import { proxmox } from './proxmox.ts'
import { pterodactyl } from './pterodactyl.ts'
import { redfish } from './redfish.ts'

/** Texts that a system gave, by what was asked. */
export type Answers = Readonly<Record<string, string>>
export interface Attempt {
  /** runs one step of the mapping: a `ConnectorError` ends it and nothing else */
  <T>(step: () => T): T | undefined
}
export interface ConnectorFuzz {
  answers: Answers
  /** all that the connector makes of these answers */
  collect(answers: Answers, attempt: Attempt): Collected[]
  /** settings that `open` takes */
  settings: Record<string, unknown>
  connector(): Promise<{ connector: Connector }>
}

/** One for each folder of `connectors/`. */
const FUZZED: Readonly<Record<string, ConnectorFuzz>> = {
  'ceph-rgw': cephRgw,
  hardware,
  host,
  ipmi,
  kubernetes,
  libvirt,
  openstack,
  proxmox,
  pterodactyl,
  redfish,
}

const SOURCE = '01890000-0000-7000-8000-000000000001'
/** The bound for the largest input, with room for a machine that is busy. */
const TIME_MAX_MS = 2_000
const LARGE_CHARS = 1024 * 1024

const attempt: Attempt = (step) => {
  try {
    return step()
  } catch (error) {
    if (error instanceof ConnectorError) return undefined
    throw error
  }
}

function wrongRow(row: unknown): string | null {
  const plain: unknown = JSON.parse(JSON.stringify(row))
  if (isObservation(plain) && isStorable(plain) && Observation.safeParse(row).success) return null
  return `a row that the wire doesn't allow: ${Observation.safeParse(row).error?.issues[0]?.path.join('.') ?? 'a text or a number'} of ${JSON.stringify(row).slice(0, 300)}`
}

function wrongFact(fact: Exclude<Collected, { type: 'listing' }>): string | null {
  const sent = { source: SOURCE, ...(fact.type === 'readings' && { interval_ms: 10_000 }), ...fact }
  const plain: unknown = JSON.parse(JSON.stringify(sent))
  const parsed = Fact.safeParse(sent)
  if (!isFact(plain) || !parsed.success)
    return `a fact that the wire doesn't allow: ${parsed.error?.issues[0]?.path.join('.') ?? 'a text or a number'} of ${JSON.stringify(sent).slice(0, 300)}`
  if (parsed.data.type !== 'readings') return null
  const { counters, gauges } = parsed.data
  const wrong =
    Object.entries(counters).find(([key, value]) => !mayBeRead('counter', key, value)) ??
    Object.entries(gauges).find(([key, value]) => !mayBeRead('gauge', key, value))
  if (wrong) return `a reading that the wire doesn't allow: ${wrong[0].slice(0, 100)} = ${String(wrong[1])}`
  return measure(counters, gauges).refused.length > 0 ? 'readings that the intake refuses' : null
}

function wrongWith(fuzz: ConnectorFuzz, answers: Answers): string | null {
  const started = performance.now()
  const facts = fuzz.collect(answers, attempt)
  const took_ms = performance.now() - started
  if (took_ms > TIME_MAX_MS)
    return `it took ${Math.round(took_ms)} ms to read ${Object.values(answers).join('').length} characters`
  for (const fact of facts) {
    const wrong = fact.type === 'listing' ? fact.resources.map(wrongRow).find((row) => row !== null) : wrongFact(fact)
    if (wrong) return wrong
  }
  return null
}

/** A text blown up to a mebibyte: one span of it again and again, or one character. */
function large(random: Random, text: string): string {
  const at = random.below(text.length)
  const span =
    random.pick([text.slice(at, at + random.between(1, 200)), text, longText(random, 1), ' ', '<a>', "': "]) || ' '
  return text.slice(0, at) + span.repeat(Math.ceil(LARGE_CHARS / span.length)) + text.slice(at)
}

interface Damaged {
  name: string
  text: string
}

function answersTarget(name: string, fuzz: ConnectorFuzz): AnyTarget {
  const entries = Object.entries(fuzz.answers)
  const whole = wrongWith(fuzz, fuzz.answers)
  if (whole) throw new Error(`the recorded answers of ${name} don't pass unchanged: ${whole}`)
  return target<Damaged>({
    name: `connector ${name}`,
    weight: 10,
    make(random) {
      const [asked, text] = random.pick(entries)
      const damaged = random.chance(0.004) ? large(random, text) : mutatedText(random, text)
      // it comes as bytes: half a character can't be in it
      return { name: asked, text: damaged.toWellFormed() }
    },
    try: (damaged) => wrongWith(fuzz, { ...fuzz.answers, [damaged.name]: damaged.text }),
    *shrink(damaged) {
      for (const text of smallerTexts(damaged.text)) yield { ...damaged, text }
    },
    show: (damaged) => `answer ${damaged.name}: ${damaged.text}`,
  })
}

/** Settings that somebody typed, and what was kept by an agent that isn't this one. */
function settingsTarget(name: string, fuzz: ConnectorFuzz): AnyTarget {
  return target<{ settings: string; memory: string }>({
    name: `settings ${name}`,
    weight: 0.5,
    make(random) {
      const text = JSON.stringify(fuzz.settings)
      return {
        settings: mutatedText(random, text),
        memory: mutatedText(random, '{"hosts":{},"first":{"boot_id":"b","stays":{}}}'),
      }
    },
    async try({ settings, memory }) {
      const { connector } = await fuzz.connector()
      const given = objectIn(settings)
      try {
        const session = await connector.open(given, {
          realm: 'fuzz',
          interval_ms: 10_000,
          emit: () => {},
          memory: { get: async () => objectIn(memory), set: async () => {} },
          now: () => NOW,
          log: () => {},
        })
        await session.close()
      } catch (error) {
        if (!(error instanceof ConnectorError)) throw error
      }
      return null
    },
    show: ({ settings, memory }) => `settings ${settings}, memory ${memory}`,
  })
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return { text }
  }
}

/** Fails where a connector was added and nobody thought of this. */
export function connectors(): AnyTarget[] {
  const folder = new URL('../../../connectors/', import.meta.url)
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const missing = [...new Set([...folders.map(({ name }) => name), ...Object.keys(CONNECTORS)])].filter(
    (name) => !Object.hasOwn(FUZZED, name),
  )
  if (missing.length > 0)
    throw new Error(`no fuzz target for the connector ${missing.join(', ')}: add it to test/fuzz/connectors/`)
  return Object.entries(FUZZED).flatMap(([name, fuzz]) => [answersTarget(name, fuzz), settingsTarget(name, fuzz)])
}
