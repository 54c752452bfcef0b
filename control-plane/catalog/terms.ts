/** Which terms a price may have, in one place for all of them; and their kept form, in which equal terms are equal. Pure. */
import { compare, type Fraction, parseDecimal, toDecimal, ZERO } from '../base/exact.ts'
import { type FieldError, Problem, sure } from '../base/problem.ts'
import { type MeterName, meterOf } from '../metering/contract.ts'
import type { ChargeModel, Per, Terms } from './contract.ts'
import { AMOUNT_PLACES, isPercentage } from './rules.ts'

/** The terms that are a model's own; without an entry it charges its amount. */
const OWN: Partial<Record<ChargeModel, keyof Terms>> = {
  graduated: 'tiers',
  volume: 'tiers',
  package: 'package',
  stair_step: 'steps',
  percentage: 'percentage',
  graduated_percentage: 'rate_tiers',
  allocation_pool: 'allocation_pool',
  dynamic: 'index',
}
const MODEL_TERMS = [...new Set(Object.values(OWN))]

interface Decided {
  meter?: MeterName
  model: ChargeModel
  per: Per
  amount?: string | undefined
  terms?: Terms | undefined
  tax_inclusive?: boolean | undefined
}
type Say = (pointer: string, detail: string) => void
const exact = (text: string): Fraction => sure(parseDecimal(text, AMOUNT_PLACES))
const isAbove = (a: string, b: string): boolean => compare(exact(a), exact(b)) > 0

/** Throws `invalid` with every field of the terms that is missing, contradicts another, or is of another model. */
export function assertTerms(price: Decided): void {
  const errors: FieldError[] = []
  const say: Say = (pointer, detail) => errors.push({ pointer, detail })
  const terms = price.terms ?? {}
  checkModel(price, terms, say)
  checkTiers('/terms/tiers', terms.tiers, say)
  checkTiers('/terms/rate_tiers', terms.rate_tiers, say)
  checkBlocks(terms, say)
  checkBounds(price, terms, say)
  checkProration(price, terms, say)
  checkPool(price, terms, say)
  checkTiming(price, terms, say)
  checkPercentage(price, terms, say)
  checkIndex(price, terms, say)
  if (errors.length === 0) return
  const said = errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; ')
  throw new Problem('invalid', `These terms can't be charged: ${said}.`, errors)
}

function checkModel({ model, amount }: Decided, terms: Terms, say: Say): void {
  const own = OWN[model]
  if (own === undefined && amount === undefined) say('/amount', `is needed by the model ${model}`)
  if (own !== undefined && amount !== undefined && compare(exact(amount), ZERO) !== 0)
    say('/amount', `is no part of the model ${model}: its amounts are in terms.${own}`)
  if (own !== undefined && terms[own] === undefined) say(`/terms/${own}`, `is needed by the model ${model}`)
  for (const name of MODEL_TERMS)
    if (name !== own && terms[name] !== undefined) say(`/terms/${name}`, `is no part of the model ${model}`)
}

function checkTiers(pointer: string, tiers: readonly { up_to: string | null }[] | undefined, say: Say): void {
  if (tiers?.length === 0) say(pointer, 'must hold at least one tier')
  for (const [index, { up_to }] of (tiers ?? []).entries()) {
    const isLast = index === (tiers?.length ?? 0) - 1
    const below = tiers?.[index - 1]?.up_to ?? '0'
    if (isLast && up_to !== null) say(`${pointer}/${index}/up_to`, 'must be null: the last tier has no end')
    if (!isLast && up_to === null) say(`${pointer}/${index}/up_to`, 'must be a quantity: only the last tier has no end')
    if (up_to !== null && !isAbove(up_to, below)) say(`${pointer}/${index}/up_to`, `must be above ${below}`)
  }
}

function checkBlocks(terms: Terms, say: Say): void {
  if (terms.package && !isAbove(terms.package.size, '0')) say('/terms/package/size', 'must be above 0')
  const tiers = terms.steps?.tiers
  if (tiers?.length === 0) say('/terms/steps/tiers', 'must hold at least one tier')
  for (const [index, { block_size, blocks }] of (tiers ?? []).entries()) {
    const pointer = `/terms/steps/tiers/${index}`
    const isLast = index === (tiers?.length ?? 0) - 1
    if (!isAbove(block_size, '0')) say(`${pointer}/block_size`, 'must be above 0')
    if (isLast !== (blocks === null))
      say(`${pointer}/blocks`, isLast ? 'must be null: the last tier has no end' : 'must be a number of blocks')
  }
}

function checkBounds({ model }: Decided, { included, minimum, maximum, percentage }: Terms, say: Say): void {
  if (included !== undefined && (model === 'flat' || model.endsWith('percentage')))
    say('/terms/included', `is of no use to the model ${model}, which has no quantity`)
  if (minimum !== undefined && maximum !== undefined && isAbove(minimum, maximum))
    say('/terms/minimum', 'must not be above the maximum')
  const { min_per_event = null, max_per_event = null } = percentage ?? {}
  if (min_per_event !== null && max_per_event !== null && isAbove(min_per_event, max_per_event))
    say('/terms/percentage/min_per_event', 'must not be above the maximum')
}

function checkProration({ meter, per }: Decided, { proration, day_count }: Terms, say: Say): void {
  const isMeasured = meter !== undefined && /^(gauge|percentile)$/.test(meterOf(meter).kind)
  if (proration !== undefined && proration !== 'exact' && isMeasured)
    return say('/terms/proration', `must be exact: ${meter} is of the very time in which it was owned`)
  if (proration !== undefined && proration !== 'exact' && per !== 'month')
    say('/terms/proration', 'is only for monthly prices: all others are exact')
  if (day_count !== undefined && proration !== 'day') say('/terms/day_count', 'is only for proration by day')
}

function checkPool({ meter, model, per }: Decided, { pool, proration, included }: Terms, say: Say): void {
  if (pool !== undefined && meter !== undefined && meterOf(meter).kind === 'percentile')
    say('/terms/pool', `is of no use to the meter ${meter}: the peaks of several don't add up`)
  if (model === 'allocation_pool' && pool !== undefined)
    say('/terms/pool', 'is of no use to the model allocation_pool, which is of all resources anyway')
  if (model === 'allocation_pool' && included !== undefined)
    say('/terms/included', 'is of no use to the model allocation_pool: its size is the allowance')
  if (model === 'allocation_pool' && per !== 'month') say('/per', 'must be month: the fee of a pool is a monthly one')
  if (model === 'flat' && pool !== undefined)
    say('/terms/pool', 'is of no use to the model flat, which has no quantity')
  if ((pool !== undefined || model === 'allocation_pool') && proration !== undefined && proration !== 'exact')
    say('/terms/proration', 'must be exact where all resources are charged together')
}

function checkTiming({ meter }: Decided, { timing }: Terms, say: Say): void {
  if (timing === 'advance' && meter !== undefined && meter !== 'fee')
    say('/terms/timing', 'must be arrears: only the fee of a plan is known in advance')
}

/** Its base is what other lines cost in the very time in which it holds, before tax: nothing else has a meaning for it. */
function checkPercentage({ model, per, tax_inclusive }: Decided, terms: Terms, say: Say): void {
  const { of, percentage, proration, timing } = terms
  if (!isPercentage({ model })) {
    if (of !== undefined) say('/terms/of', `is of no use to the model ${model}, which is no share of other charges`)
    return
  }
  if (per !== 'month') say('/per', `must be month: the model ${model} is charged by the month`)
  if (tax_inclusive) say('/tax_inclusive', 'must be false: it is a share of amounts without tax')
  if (timing === 'advance') say('/terms/timing', 'must be arrears: what it is a share of is not known before')
  if (proration !== undefined && proration !== 'exact')
    say('/terms/proration', 'must be exact: it is a share of what the very time cost')
  if (!percentage) return
  const { fixed_per_event, free_events, free_amount, min_per_event, max_per_event } = percentage
  const no_events = 'must be left out: what is charged on a bill is no event'
  if (isAbove(fixed_per_event, '0')) say('/terms/percentage/fixed_per_event', no_events)
  if (free_events > 0) say('/terms/percentage/free_events', no_events)
  if (min_per_event !== null) say('/terms/percentage/min_per_event', no_events)
  if (max_per_event !== null) say('/terms/percentage/max_per_event', no_events)
  if (isAbove(free_amount, '0'))
    say('/terms/percentage/free_amount', 'must be left out: a first tier of 0 % of graduated_percentage says so')
}
/** Each unit costs what the index says then, so nothing is left that would be of all units of a month together. */
function checkIndex({ model }: Decided, terms: Terms, say: Say): void {
  if (model !== 'dynamic') return
  const { index, timing: _timing, ...others } = terms
  for (const name of Object.keys(others))
    if (name === 'pool' || name in OF_A_MONTH)
      say(`/terms/${name}`, 'is of no use to the model dynamic, which charges each unit at the price of its time')
  if (index?.floor !== undefined && index.ceiling !== undefined && isAbove(index.floor, index.ceiling))
    say('/terms/index/floor', 'must not be above the ceiling')
}
const OF_A_MONTH = { included: true, minimum: true, maximum: true, proration: true, day_count: true }

/** Decimals without trailing zeros and nothing that says what holds anyway; null where nothing is left. */
export function keptTerms(terms: Terms | null | undefined): Terms | null {
  const { included, minimum, maximum, proration, day_count, timing, of, ...model } = shortened(terms ?? {}) as Terms
  const kept: Terms = {
    ...model,
    ...(included !== undefined && included !== '0' && { included }),
    ...(minimum !== undefined && minimum !== '0' && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(proration !== undefined && proration !== 'exact' && { proration }),
    ...(day_count !== undefined && day_count !== 'actual' && { day_count }),
    ...(timing === 'advance' && { timing }),
    ...(of && { of: { kinds: [...new Set(of.kinds)].toSorted() } }),
  }
  return Object.keys(kept).length > 0 ? kept : null
}

const DECIMAL = /^-?\d+(\.\d+)?$/
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return DECIMAL.test(value) ? toDecimal(exact(value), AMOUNT_PLACES) : value
  if (Array.isArray(value)) return value.map(shortened)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, shortened(own)]))
}
