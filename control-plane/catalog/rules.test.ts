/** Decisions about prices: what fits, what is refused, and what then holds at every instant. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Problem } from '../base/problem.ts'
import { METER_NAMES, type MeterName, meterOf, METERS } from '../metering/contract.ts'
import { assertFits, assertMayHold, choicesOf, decide, type Span, stateOf } from './rules.ts'

function problemOf(work: () => unknown): Problem {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const kindOf = (meter: MeterName) => (meterOf(meter).of === 'service' ? 'service' : 'vm')

test('every unit of every meter fits it, and another is refused with the ones that would do', () => {
  for (const meter of METER_NAMES) {
    const { per, models, units } = choicesOf(meter)
    expect(units).toEqual(Object.keys(METERS[meter].units))
    for (const unit of units) assertFits({ kind: kindOf(meter), meter, model: models[0]!, per: per[0]!, unit })
  }
  const refused = problemOf(() =>
    assertFits({ kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'GiB' }),
  )
  expect(refused.code).toBe('wrong_unit')
  expect(refused.errors).toEqual([{ pointer: '/unit', detail: 'must be vCPU, not GiB' }])
})

test('allocation is priced per hour or month, consumption per quantity and never flat', () => {
  assertFits({ kind: 'vm', meter: 'memory', model: 'flat', per: 'month', unit: 'GiB' })
  const pointers = (price: Parameters<typeof assertFits>[0]) =>
    problemOf(() => assertFits(price)).errors.map((error) => error.pointer)
  expect(pointers({ kind: 'vm', meter: 'memory', model: 'per_unit', per: 'quantity', unit: 'GiB' })).toEqual(['/per'])
  expect(pointers({ kind: 'vm', meter: 'disk_read_bytes', model: 'flat', per: 'hour', unit: 'vCPU' })).toEqual([
    '/unit',
    '/per',
    '/model',
  ])
})

test('a past price changes only by a correction that says why', () => {
  const now = 1_000
  assertMayHold({ effective_at: now, correction: false, reason: '' }, now)
  assertMayHold({ effective_at: now - 1, correction: true, reason: 'wrong currency' }, now)
  const past = (correction: boolean, reason: string) =>
    problemOf(() => assertMayHold({ effective_at: now - 1, correction, reason }, now))
  expect(past(false, 'because').errors[0]?.pointer).toBe('/effective_at')
  expect(past(true, '  ').errors[0]?.pointer).toBe('/reason')
  expect(past(true, '').code).toBe('past_price')
})

interface Version extends Span {
  decision: number
}
/** The live versions after a decision, as the store would have them. */
function apply(live: Version[], decision: number, effective_at: number, correction: boolean): Version[] {
  const { supersede, shorten, span } = decide(live, effective_at, correction)
  return [
    ...live.filter((version) => !supersede.includes(version)),
    ...(shorten ? [{ ...shorten.version, ends_at: shorten.ends_at }] : []),
    { decision, ...span },
  ]
}
const holdsAt = (live: Version[], at: number) =>
  live.filter((version) => version.effective_at <= at && (version.ends_at === null || at < version.ends_at))

test('versions of one price never overlap, and at every instant the latest decision about it holds', () => {
  const step = fc.record({ effective_at: fc.nat(20), correction: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let live: Version[] = []
      /** the latest recorded decision for each beginning: a version holds from its beginning to the next one's */
      const latest = new Map<number, number>()
      for (const [decision, { effective_at, correction }] of steps.entries()) {
        if (latest.has(effective_at) && !correction) {
          expect(problemOf(() => decide(live, effective_at, correction)).code).toBe('price_overlap')
          continue
        }
        live = apply(live, decision, effective_at, correction)
        latest.set(effective_at, decision)
      }
      for (let at = 0; at <= 22; at += 1) {
        const begun = [...latest.keys()].filter((start) => start <= at)
        const expected = begun.length === 0 ? [] : [latest.get(Math.max(...begun))]
        expect(holdsAt(live, at).map((version) => version.decision)).toEqual(expected)
      }
      for (const version of live) expect(version.ends_at === null || version.effective_at < version.ends_at).toBe(true)
    }),
  )
})

test('a version that begins before a scheduled one ends where that begins', () => {
  const live = apply(apply([], 1, 10, false), 2, 5, false)
  expect(live).toContainEqual({ decision: 2, effective_at: 5, ends_at: 10 })
})

test('a price is past once it ended, scheduled until it begins', () => {
  expect(stateOf({ effective_at: 5, ends_at: null }, 4)).toBe('scheduled')
  expect(stateOf({ effective_at: 5, ends_at: 6 }, 5)).toBe('current')
  expect(stateOf({ effective_at: 5, ends_at: 6 }, 6)).toBe('past')
})
