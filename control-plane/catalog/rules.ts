/** Which prices may be recorded, and how a decision changes the versions of one price: pure. */
import { type GapPolicy, type MeterName, meterOf } from '../metering/contract.ts'
import { parseDecimal, toDecimal } from '../base/exact.ts'
import { assert, type FieldError, Problem } from '../base/problem.ts'
import type { Instant } from '../base/time.ts'
import type { AppliesTo, ChargeModel, Per, PricedKind } from './contract.ts'

/** Amounts have at most this many decimals, in the request and in the database. */
export const AMOUNT_PLACES = 12
/** Without trailing zeros: equal amounts are equal texts. */
export const trimmed = (amount: string): string => {
  const exact = parseDecimal(amount, AMOUNT_PLACES)
  assert(exact, `an amount is a decimal: ${amount}`)
  return toDecimal(exact, AMOUNT_PLACES)
}

/** What a price of the meter may say: allocation and what gauges held are charged for time, consumption for its quantity, a percentile for its month. */
export function choicesOf(meter: MeterName): Choices {
  const { kind, units, of } = meterOf(meter)
  if (kind === 'percentile')
    return {
      per: ['month'],
      models: ['per_unit', 'graduated', 'volume'],
      units: Object.keys(units),
      gap_policies: ['total', 'skip', 'block'],
    }
  if (kind === 'gauge')
    return {
      per: ['hour', 'month'],
      models: ['per_unit', ...BY_QUANTITY, ...BY_TIME],
      units: Object.keys(units),
      // what nobody read is unknown: a gauge that held no more can't be gone on with
      gap_policies: ['skip', 'block'],
    }
  return kind === 'allocation'
    ? {
        per: ['hour', 'month'],
        models: [
          'per_unit',
          'flat',
          ...BY_QUANTITY,
          'allocation_pool',
          ...(meter === 'fee' ? PERCENTAGES : []),
          ...(of === 'service' ? [] : BY_TIME),
        ],
        units: Object.keys(units),
        gap_policies: ['infer', 'skip', 'block'],
      }
    : {
        per: ['quantity'],
        models: ['per_unit', ...BY_QUANTITY, ...(of === 'service' ? [] : BY_TIME)],
        units: Object.keys(units),
        gap_policies: ['total', 'skip', 'block'],
      }
}

/** Shares of what else is charged: only the fee of a plan is one, for no meter counts money. */
const PERCENTAGES: ChargeModel[] = ['percentage', 'graduated_percentage']
const BY_QUANTITY: ChargeModel[] = ['graduated', 'volume', 'package', 'stair_step']
/** An index says what a unit costs at the time of use: fees are agreed before, and a percentile is of no one time. */
const BY_TIME: ChargeModel[] = ['dynamic']

/** A share of what else is charged on the same bill. */
export const isPercentage = ({ model }: { model: ChargeModel }): boolean => PERCENTAGES.includes(model)

interface Choices {
  per: Per[]
  models: ChargeModel[]
  units: string[]
  /** the first is the default */
  gap_policies: [GapPolicy, ...GapPolicy[]]
}

/** Throws `wrong_unit` with what is allowed instead, for each field that doesn't fit. */
export function assertFits(price: {
  kind: PricedKind
  meter: MeterName
  model: ChargeModel
  per: Per
  unit: string
  gap_policy?: GapPolicy | undefined
}): void {
  const { per, models, units, gap_policies } = choicesOf(price.meter)
  const errors: FieldError[] = []
  if ((price.kind === 'service') !== (meterOf(price.meter).of === 'service'))
    errors.push({ pointer: '/meter', detail: `must be a meter that the kind ${price.kind} has` })
  const check = (field: 'per' | 'model' | 'unit' | 'gap_policy', allowed: readonly string[]) => {
    const chosen = price[field]
    if (chosen !== undefined && !allowed.includes(chosen))
      errors.push({ pointer: `/${field}`, detail: `must be ${allowed.join(', ')}, not ${chosen}${why(chosen)}` })
  }
  const why = (chosen: string) =>
    chosen.endsWith('percentage') ? `: that is a share of money, and ${price.meter} counts none` : ''
  check('unit', units)
  check('per', per)
  check('model', models)
  check('gap_policy', gap_policies)
  if (errors.length === 0) return
  const said = errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; ')
  throw new Problem('wrong_unit', `A price of the meter ${price.meter} can't be charged so: ${said}.`, errors)
}

/** Throws `past_price` where the past would be changed without being called a correction, with its reason. */
export function assertMayHold(
  decision: { effective_at: Instant; correction: boolean; reason: string },
  now: Instant,
): void {
  if (decision.effective_at >= now) return
  if (!decision.correction)
    throw new Problem(
      'past_price',
      'A past price is not edited. Let the new price begin now or later, or record a correction with its reason.',
      [{ pointer: '/effective_at', detail: 'is in the past' }],
    )
  if (decision.reason.trim() === '')
    throw new Problem('past_price', 'A correction of a past price needs a reason, which stands in its history.', [
      { pointer: '/reason', detail: 'must say why the past is changed' },
    ])
}

/** A live version: it holds on [effective_at, ends_at). */
export interface Span {
  effective_at: Instant
  ends_at: Instant | null
}

export interface Change<T> {
  /** live versions that are no longer as they stand */
  supersede: T[]
  /** what remains of a superseded version: until the decision begins */
  shorten: { version: T; ends_at: Instant } | null
  /** the span of the decision itself: until the next version begins */
  span: Span
}

/**
 * What a decision changes among the live versions of one price. A version holds until the next one begins, so the decision
 * ends the version in which it begins, and ends itself where a later one was scheduled already.
 * Two decisions for one instant contradict each other (`price_overlap`), unless the later one is a correction: it replaces.
 */
export function decide<T extends Span>(live: readonly T[], effective_at: Instant, correction: boolean): Change<T> {
  const same = live.find((version) => version.effective_at === effective_at)
  if (same && !correction) throw overlap()
  const later = live.map((version) => version.effective_at).filter((at) => at > effective_at)
  const span = { effective_at, ends_at: later.length > 0 ? Math.min(...later) : null }
  if (same) return { supersede: [same], shorten: null, span }
  const holding = live.find(
    (version) => version.effective_at < effective_at && (version.ends_at === null || version.ends_at > effective_at),
  )
  if (!holding) return { supersede: [], shorten: null, span }
  return { supersede: [holding], shorten: { version: holding, ends_at: effective_at }, span }
}

export const overlap = (): Problem =>
  new Problem(
    'price_overlap',
    'Another version of this price begins at the same instant. Choose another instant, or record a correction that replaces it.',
    [{ pointer: '/effective_at', detail: 'is taken' }],
  )

export const stateOf = ({ effective_at, ends_at }: Span, now: Instant): 'past' | 'current' | 'scheduled' =>
  effective_at > now ? 'scheduled' : ends_at !== null && ends_at <= now ? 'past' : 'current'

/** Equal for prices that are versions of one. */
export const conditionKey = (applies_to: AppliesTo | null | undefined): string =>
  applies_to ? JSON.stringify([applies_to.attribute, applies_to.equals]) : ''

/** Where an attribute stands in what a connector told: a name, or the steps of a pointer (RFC 6901). */
export const attributePath = (attribute: string): string[] =>
  attribute.startsWith('/')
    ? attribute
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [attribute]
