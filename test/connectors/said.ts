/** What a connector may never do, whatever goes on: held against all that it said on a bench. */
import { inspect } from 'node:util'
import { type Fact, Manifest, type Readings } from '#connectors/contract.ts'
import { measure } from '#control-plane/ingest/rules.ts'
import { type CounterReading, courseOf } from '#control-plane/metering/rules.ts'
import type { Bench } from './bench.ts'

/** Fails with a sentence that names the fault. */
export function must(holds: unknown, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}

/** Every rule that needs no knowledge of what happened at the vendor. */
export function holdAlways(bench: Bench): void {
  must(bench.misfits.length === 0, `it said what the wire doesn't take, ${bench.misfits[0]}`)
  for (const fact of bench.facts) inManifest(fact, Manifest.parse(bench.rig.connector.manifest))
  for (const fact of bench.facts)
    must(fact.type !== 'gap' || fact.from_ms <= fact.seen_at_ms, 'it admits a gap that ends before it begins')
  for (const fact of bench.facts) if (fact.type === 'snapshot') once(fact.resources, 'a listing')
  for (const readings of series(bench.facts).values()) neverFalls(readings)
  sameIncarnation(bench.facts)
  keepsSecrets(bench)
}

function inManifest(fact: Fact, { kinds, metrics }: Manifest): void {
  const named = fact.type === 'snapshot' ? fact.resources : 'resource' in fact ? [fact.resource] : []
  for (const { kind } of named) must(kinds.includes(kind), `its manifest doesn't name the kind ${kind}`)
  if (fact.type !== 'readings') return
  for (const key of [...Object.keys(fact.counters), ...Object.keys(fact.gauges)])
    must(metrics.includes(key.split('/')[0] ?? ''), `its manifest doesn't name the metric of ${key}`)
  const [refused] = measure(fact.counters, fact.gauges).refused
  must(!refused, `a reading that the intake refuses: ${refused?.detail}`)
}

export function once(resources: readonly { kind: string; external_id: string; incarnation?: string }[], where: string) {
  const seen = new Set<string>()
  for (const { kind, external_id, incarnation = '' } of resources) {
    const key = `${kind} ${external_id} ${incarnation}`
    must(!seen.has(key), `${where} has ${key} twice`)
    seen.add(key)
  }
}

const ref = ({ kind, external_id }: { kind: string; external_id: string }) => `${kind} ${external_id}`

/** A reading of another incarnation than the one that is listed belongs to nobody. */
function sameIncarnation(facts: readonly Fact[]): void {
  const listed = new Map<string, Set<string>>()
  for (const fact of facts)
    if (fact.type === 'snapshot')
      for (const one of fact.resources)
        listed.set(ref(one), (listed.get(ref(one)) ?? new Set<string>()).add(one.incarnation))
  for (const fact of facts) {
    if (fact.type !== 'readings') continue
    const known = listed.get(ref(fact.resource))
    must(
      !known || known.has(fact.resource.incarnation),
      `readings of ${ref(fact.resource)} name the incarnation "${fact.resource.incarnation}", its listing "${[...(known ?? [])].join('", "')}"`,
    )
  }
}

/** The readings of each counter, in the order in which they were said. */
function series(facts: readonly Fact[]): Map<string, { key: string; readings: Readings[] }> {
  const all = new Map<string, { key: string; readings: Readings[] }>()
  for (const fact of facts) {
    if (fact.type !== 'readings') continue
    for (const key of Object.keys(fact.counters)) {
      const name = `${ref(fact.resource)} ${fact.resource.incarnation} ${key}`
      const one = all.get(name) ?? { key, readings: [] }
      one.readings.push(fact)
      all.set(name, one)
    }
  }
  return all
}

export const valueOf = (reading: Readings, key: string): bigint => BigInt(String(reading.counters[key]))

function neverFalls({ key, readings }: { key: string; readings: Readings[] }): void {
  for (const epoch of Map.groupBy(readings, (reading) => reading.epoch?.id ?? '').values())
    for (const [index, next] of epoch.entries()) {
      const before = epoch[index - 1]
      if (!before || next.epoch?.wrap_bits !== undefined) continue
      const [was, is] = [valueOf(before, key), valueOf(next, key)]
      must(is >= was, `${key} of ${ref(next.resource)} fell from ${was} to ${is} within the epoch ${next.epoch?.id}`)
    }
}

/** What the control plane would bill of a counter: by its own rules, since the first reading. */
export function billed(readings: readonly Readings[], key: string): bigint {
  const counted = readings
    .filter(({ counters }) => key in counters)
    .map((reading, sequence): CounterReading => ({
      at: reading.seen_at_ms,
      value: valueOf(reading, key),
      epoch: reading.epoch?.id ?? '',
      origin: reading.epoch?.origin_ms ?? null,
      wrap_bits: reading.epoch?.wrap_bits ?? null,
      interval_ms: reading.interval_ms,
      spool: '',
      sequence,
    }))
  return courseOf(counted, null).spans.reduce((sum, span) => sum + span.increase, 0n)
}

/** In plain, and as it stands in headers and addresses. */
const disguises = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replaceAll('=', ''),
]

function keepsSecrets({ rig, facts, logged, thrown }: Bench): void {
  const settings = rig.settings()
  const secrets = rig.connector.manifest.secrets.flatMap((name) => {
    const value = settings[name]
    return typeof value === 'string' && value !== '' ? disguises(value) : []
  })
  const places = {
    'an error': thrown.map((error) => inspect(error, { depth: 5, showHidden: true })).join('\n'),
    'its log': logged.join('\n'),
    'a fact': JSON.stringify(facts),
  }
  for (const [place, text] of Object.entries(places))
    for (const secret of secrets) must(!text.includes(secret), `a secret of its settings stands in ${place}`)
}
