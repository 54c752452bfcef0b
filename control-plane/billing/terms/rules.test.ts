/** Over random lives of a service the documents together charge what each of its billing periods costs, never twice, never less. */
import { Big } from 'big.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { billingPeriodOf, type Instant, type Interval, intersect, monthOf } from '#control-plane/base/time.ts'
import { sure } from '#control-plane/base/problem.ts'
import type { ServiceTerms } from '#control-plane/contracts/contract.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import type { Price } from '#control-plane/rating/rules.ts'
import { mergedVersions, serviceDigest, tariffOf } from '#control-plane/rating/tariffs.ts'
import { feesOf, type Term, termsIn } from '#control-plane/rating/terms.ts'
import { advancedOf, ahead, type Charged, settled } from './rules.ts'

const SERVICE = '00000000-0000-7000-8000-000000000001'
const PLANS = ['a', 'b']
const AMOUNTS: Record<string, string> = { a: '29.99', b: '71.37' }
const priceOf = (plan: string, timing: 'advance' | 'arrears'): Price => ({
  id: `price of ${plan}`,
  kind: 'service',
  meter: 'fee',
  model: 'per_unit',
  per: 'month',
  unit: 'service',
  amount: AMOUNTS[plan]!,
  terms: timing === 'advance' ? { timing } : null,
  gap_policy: 'infer',
  effective_at: 0,
  ends_at: null,
})
const TAX = { tax_category: 'S', tax_rate: '21' } as const

interface Life {
  zone: string
  timing: 'advance' | 'arrears'
  anchored: boolean
  from: Instant
  /** decided at, effective at, what: a plan and a quantity, or its end */
  decided: { at: Instant; from: Instant; plan: string; quantity: number; ends: boolean }[]
  trial_until: Instant | null
}

/** What is known of it by an instant: later decisions hold from their instant on, and an end undoes all after it. */
function known({ from, decided, anchored, trial_until }: Life, by: Instant): ServiceTerms[] {
  const of = { account_id: 'x', prices_as_of: null, trial_until, anchored_at: anchored ? from : null }
  const version = (plan: string, quantity: number, at: Instant): ServiceTerms => ({
    ...of,
    service_id: SERVICE,
    id: `v${at}`,
    plan_id: plan,
    quantity,
    from: at,
    to: null,
  })
  let versions = [version('a', 1, from)]
  for (const one of decided.filter(({ at }) => at <= by)) {
    const held = versions.find((v) => v.from <= one.from && (v.to === null || v.to > one.from))
    if (!held) continue
    versions = versions
      .filter((v) => v.from < one.from || (!one.ends && v.from > one.from))
      .map((v) => (v.from < one.from && (v.to === null || v.to > one.from) ? { ...v, to: one.from } : v))
    if (!one.ends) versions.push({ ...version(one.plan, one.quantity, one.from), to: held.to })
  }
  return mergedVersions(versions)
}

/** The facts of each billing period, as the program makes them of what it reads. */
function rated(life: Life, versions: readonly ServiceTerms[], period: Interval) {
  const [first, last] = [versions[0]!, versions.at(-1)!]
  if (!intersect({ from: first.from, to: last.to }, period)) return []
  const spans = termsIn({ from: first.from, to: last.to }, first.anchored_at, period, life.zone)
  return feesOf({ terms: spans.map((span) => termOf(life, versions, span)) })
}
function termOf(
  life: Life,
  all: readonly ServiceTerms[],
  { basis, from, to }: Omit<Term, 'facts' | 'service_id'>,
): Term {
  const versions = all.filter((one) => intersect(one, { from, to }))
  const sold = versions.map((one) => ({
    ...one,
    plan: { id: one.plan_id, name: { en: one.plan_id, es: '' }, included_kinds: [] } as never,
    prices: [priceOf(one.plan_id, life.timing)],
    is_as_of: false,
    offered: new Set(['service.fee']),
  }))
  const span = ({ id, from: begin, to: end }: ServiceTerms) => ({ id, resource_id: SERVICE, from: begin, to: end })
  const facts: Term['facts'] = {
    period: { from, to },
    month: basis,
    zone: life.zone,
    currency: 'EUR',
    service_id: 'pay as you go',
    tax: { standard: TAX } as never,
    resources: [{ id: SERVICE, kind: 'service', name: 's' }],
    owned: versions.map((one) => ({ ...span(one), assignment: { from: one.from, to: one.to } })),
    observed: versions.map((one) => ({
      ...span(one),
      state: 'active',
      size: { service_count: one.quantity },
      scope_id: '',
      digest: serviceDigest(one),
    })),
    gaps: [],
    losses: [],
    accepted: [],
    prices: [],
    tariffs: new Map([[SERVICE, tariffOf('service', [], sold)]]),
    consumed: [],
    by_period: true,
  }
  return { service_id: SERVICE, basis, from, to, facts }
}

interface Issued {
  period: Interval
  lines: Line[]
}
/** Documents one after the other, each of what is known at its end and of what those before it charged. */
function documentsOf(life: Life, ends: readonly Instant[], begin: Instant): Issued[] {
  const out: Issued[] = []
  const charged: Charged[] = []
  let from = begin
  for (const [index, to] of ends.entries()) {
    const period = { from, to }
    const versions = known(life, to)
    const fees = versions.length > 0 ? rated(life, versions, period) : []
    const advanced = advancedOf(charged.filter(({ content }) => Date.parse(content.basis!.to) > from))
    const held = versions.length > 0 ? { from: versions[0]!.from, to: versions.at(-1)!.to } : null
    const hulls = new Map(held ? [[SERVICE, held]] : [])
    const lines = [...settled(fees, period, advanced, hulls), ...ahead(fees, period, advanced)]
    for (const content of lines.filter((line) => line.timing))
      charged.push({ invoice_id: `i${index}`, number: `I-${index}`, corrects_id: null, content })
    out.push({ period, lines })
    from = to
  }
  return out
}

/** What all billing periods cost in arrears, by sums of milliseconds: each plan of each rounded once. */
function owed(life: Life, until: Instant): Big {
  const versions = known(life, until)
  let total = new Big(0)
  const end = versions.at(-1)?.to ?? until
  for (let at = life.from; at < end;) {
    const basis = billingPeriodOf(at, life.anchored ? life.from : null, life.zone)
    for (const plan of PLANS) {
      let units = 0n
      for (const one of versions.filter(({ plan_id }) => plan_id === plan)) {
        const from = Math.max(one.from, basis.from, life.trial_until ?? 0)
        const to = Math.min(one.to ?? basis.to, basis.to)
        if (to > from) units += BigInt(to - from) * BigInt(one.quantity)
      }
      const exact = new Big(AMOUNTS[plan]!).times(units.toString()).div(basis.to - basis.from)
      total = total.plus(exact.round(2, Big.roundHalfUp))
    }
    at = basis.to
  }
  return total
}

/** What the documents charge as of later knowledge: what they charged in advance stays, what they settle is settled anew. */
function againOf(life: Life, documents: readonly Issued[], by: Instant): Line[] {
  const charged = documents.flatMap(({ lines }, index) =>
    lines
      .filter((line) => line.timing)
      .map((content) => ({ invoice_id: `i${index}`, number: '', corrects_id: null, content })),
  )
  const versions = known(life, by)
  const held = { from: sure(versions[0]).from, to: sure(versions.at(-1)).to }
  return documents.flatMap(({ period, lines }) => {
    const advanced = advancedOf(charged.filter(({ content }) => Date.parse(content.basis!.to) > period.from))
    const over = settled(rated(life, versions, period), period, advanced, new Map([[SERVICE, held]]))
    return [...over, ...lines.filter((line) => line.timing)]
  })
}

const HOUR = 3_600_000
const START = Date.parse('2027-12-01T00:00:00Z')
const DAYS = 24 * HOUR
/** Within the leap year 2028 and the winter before it, over both changes of the clock. */
const instant = (least = 0, most = 200 * 24) =>
  fc.integer({ min: least, max: most }).map((hours) => START + hours * HOUR)
const life = fc
  .record({
    zone: fc.constantFrom('Europe/Madrid', 'America/New_York', 'Pacific/Apia', 'UTC'),
    timing: fc.constantFrom('advance' as const, 'arrears' as const),
    anchored: fc.boolean(),
    from: fc.oneof(
      instant(0, 62 * 24),
      fc.constantFrom(Date.parse('2028-01-31T10:30:00Z'), Date.parse('2027-12-30T23:00:00Z')),
    ),
    trial: fc.option(fc.integer({ min: 1, max: 50 }), { nil: null }),
    changes: fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 150 * 24 }),
        wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 * 24 })),
        plan: fc.constantFrom('a', 'b'),
        quantity: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 6 },
    ),
    end: fc.integer({ min: 1, max: 200 * 24 }),
    at_boundary: fc.boolean(),
    parts: fc.array(instant(0, 400 * 24), { maxLength: 4 }),
  })
  // in arrears calendar months aren't charged by periods
  .map((one) => ({ ...one, timing: one.anchored ? one.timing : ('advance' as const) }))

type Drawn = typeof life extends fc.Arbitrary<infer T> ? T : never
function livedAs({ zone, timing, anchored, from, trial, changes, end, at_boundary }: Drawn): Life {
  const trial_until = trial === null ? null : from + trial * DAYS
  const gone = from + end * HOUR
  const period = billingPeriodOf(gone, anchored ? from : null, zone)
  const ends = at_boundary ? period.to : gone
  const decided = changes
    .map(({ after, wait, plan, quantity }) => ({
      at: from + after * HOUR,
      from: from + (after + wait) * HOUR,
      plan,
      quantity,
      ends: false,
    }))
    .toSorted((a, b) => a.at - b.at)
    .filter(({ at }) => at < gone)
  return {
    zone,
    timing,
    anchored,
    from,
    trial_until,
    decided: [...decided, { at: gone, from: ends, plan: 'a', quantity: 1, ends: true }],
  }
}
/** Whole months of the zone until long after the end, and some of them in parts. */
function endsOf({ zone }: Life, parts: readonly Instant[]): Instant[] {
  const out = new Set(parts.filter((at) => at > START - 31 * DAYS))
  for (let at = START; at < START + 420 * DAYS; at = monthOf(at, zone).to) out.add(monthOf(at, zone).to)
  return [...out].toSorted((a, b) => a - b)
}

test('all documents together charge what each billing period costs, however often it changed', () => {
  fc.assert(
    fc.property(life, (drawn) => {
      const one = livedAs(drawn)
      const begin = monthOf(START - 31 * DAYS, one.zone).from
      const documents = documentsOf(
        one,
        endsOf(
          one,
          drawn.parts.filter((at) => at > begin),
        ),
        begin,
      )
      const sum = documents.flatMap(({ lines }) => lines).reduce((total, line) => total.plus(line.net), new Big(0))
      expect(sum.toFixed(2)).toBe(owed(one, START + 500 * DAYS).toFixed(2))
    }),
    { numRuns: 400 },
  )
})

test('a period is charged in advance once, before its end, and settled once, by the document that reaches it', () => {
  fc.assert(
    fc.property(life, (drawn) => {
      const one = livedAs(drawn)
      const begin = monthOf(START - 31 * DAYS, one.zone).from
      const documents = documentsOf(
        one,
        endsOf(
          one,
          drawn.parts.filter((at) => at > begin),
        ),
        begin,
      )
      const [ahead_of, over] = [new Map<string, number>(), new Map<string, number>()]
      for (const { period, lines } of documents) {
        const bases = (list: readonly Line[]) => new Set(list.map((line) => line.basis!.from))
        for (const from of bases(lines.filter((line) => line.timing))) ahead_of.set(from, (ahead_of.get(from) ?? 0) + 1)
        for (const from of bases(lines.filter((line) => !line.timing))) over.set(from, (over.get(from) ?? 0) + 1)
        for (const line of lines.filter((each) => each.timing)) {
          expect(Date.parse(line.period.from)).toBeLessThanOrEqual(period.to)
          expect(Date.parse(line.period.to)).toBeGreaterThan(period.to)
          // nothing is charged of a trial before it ends
          expect(Date.parse(line.period.to)).toBeGreaterThan(one.trial_until ?? 0)
        }
      }
      expect([...ahead_of.values(), ...over.values()].filter((count) => count !== 1)).toEqual([])
      // whoever has it for two months has paid one before it was over
      if (one.timing === 'advance' && one.trial_until === null && drawn.end > 70 * 24)
        expect(ahead_of.size).toBeGreaterThan(0)
    }),
    { numRuns: 200 },
  )
})

test('what was decided of the past later is charged by the notes on those documents, no more and no less', () => {
  fc.assert(
    fc.property(life, fc.integer({ min: 0, max: 100 * 24 }), (drawn, late) => {
      const one = livedAs(drawn)
      const begin = monthOf(START - 31 * DAYS, one.zone).from
      const [ended] = one.decided.slice(-1)
      // the end is told so many hours after it, and maybe after documents charged months that it undoes
      const told = {
        ...one,
        decided: [...one.decided.slice(0, -1), { ...sure(ended), at: sure(ended).from + late * HOUR }],
      }
      const documents = documentsOf(
        told,
        endsOf(
          one,
          drawn.parts.filter((at) => at > begin),
        ),
        begin,
      )
      const until = START + 500 * DAYS
      const sum = againOf(told, documents, until).reduce((total, line) => total.plus(line.net), new Big(0))
      expect(sum.toFixed(2)).toBe(owed(told, until).toFixed(2))
    }),
    { numRuns: 400 },
  )
})
