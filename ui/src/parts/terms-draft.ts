/** The terms of a price while they are typed: what the form holds, what is wrong with it, and what is sent. */
import type { NewPrice, Price, PricedKind } from '../api.ts'
import { compareAmounts } from '../kit/amount.ts'
import { isPercentage } from './percentage-text.ts'
import { amountFault, plainAmount } from './price-rules.ts'

type Model = NewPrice['model']
export interface TierDraft {
  /** ignored in the last one, which has no end */
  up_to: string
  unit_amount: string
  flat_amount: string
}
export interface StepDraft {
  block_size: string
  /** ignored in the last one */
  blocks: string
  amount: string
}
export interface RateTierDraft {
  up_to: string
  rate: string
  flat_amount: string
}
export interface TermsDraft {
  /** of a percentage, and of which kinds it is one; none: of all */
  rate: string
  rate_tiers: RateTierDraft[]
  kinds: PricedKind[]
  tiers: TierDraft[]
  package: { size: string; amount: string; free: string }
  allocation_pool: { size: string; amount: string; overage_amount: string }
  index: { id: string; factor: string; surcharge: string; floor: string; ceiling: string }
  pool: 'each' | 'account' | 'resources'
  mode: 'all_tiers' | 'top_tier'
  steps: StepDraft[]
  included: string
  minimum: string
  maximum: string
  proration: 'exact' | 'day' | 'none'
  day_count: 'actual' | '30/360'
  /** of the fee of a plan */
  timing: 'advance' | 'arrears'
}
/** What is wrong with a field, by its pointer into the request. */
export type TermsFault = 'not_a_number' | 'needed' | 'not_above' | 'not_whole' | 'above_maximum'

export const hasAmount = (model: Model): boolean => model === 'flat' || model === 'per_unit'
/** By an index each unit has the price of its time, so nothing is of a whole month. */
export const hasExtras = (model: Model): boolean => model !== 'dynamic'
/** A flat price and a percentage have no quantity, and the size of a pool is its allowance. */
export const hasAllowance = (model: Model): boolean =>
  model !== 'flat' && model !== 'allocation_pool' && hasExtras(model) && !isPercentage(model)
/** Whether all resources may be charged together; a pool always is. */
export const mayPool = (model: Model): boolean => hasAllowance(model)
export const isTogether = (draft: Pick<TermsDraft, 'pool'>, model: Model): boolean =>
  model === 'allocation_pool' || (mayPool(model) && draft.pool !== 'each')
/** A percentage is of what its very time cost. */
export const mayProrate = ({
  draft,
  model,
  per,
}: {
  draft: Pick<TermsDraft, 'pool'>
  model: Model
  per: NewPrice['per']
}) => per === 'month' && !isTogether(draft, model) && !isPercentage(model)
export const freshRateTier = (): RateTierDraft => ({ up_to: '', rate: '', flat_amount: '' })
export const freshTier = (): TierDraft => ({ up_to: '', unit_amount: '', flat_amount: '' })
export const freshStep = (): StepDraft => ({ block_size: '', blocks: '', amount: '' })

const shown = (amount: string | undefined): string => (amount === undefined || amount === '0' ? '' : amount)
export function draftOf(terms: Price['terms'] | undefined): TermsDraft {
  return {
    rate: terms?.percentage?.rate ?? '',
    rate_tiers: terms?.rate_tiers?.map(({ up_to, rate, flat_amount }) => ({
      up_to: up_to ?? '',
      rate,
      flat_amount: shown(flat_amount),
    })) ?? [freshRateTier(), freshRateTier()],
    kinds: [...(terms?.of?.kinds ?? [])],
    tiers: terms?.tiers?.map((tier) => ({
      up_to: tier.up_to ?? '',
      unit_amount: tier.unit_amount,
      flat_amount: shown(tier.flat_amount),
    })) ?? [freshTier(), freshTier()],
    package: {
      size: terms?.package?.size ?? '',
      amount: terms?.package?.amount ?? '',
      free: shown(terms?.package?.free),
    },
    allocation_pool: terms?.allocation_pool ?? { size: '', amount: '', overage_amount: '' },
    index: {
      id: terms?.index?.id ?? '',
      factor: terms?.index?.factor ?? '1',
      surcharge: shown(terms?.index?.surcharge),
      floor: terms?.index?.floor ?? '',
      ceiling: terms?.index?.ceiling ?? '',
    },
    pool: terms?.pool ?? 'each',
    mode: terms?.steps?.mode ?? 'all_tiers',
    steps: terms?.steps?.tiers.map(({ block_size, blocks, amount }) => ({
      block_size,
      blocks: blocks === null ? '' : String(blocks),
      amount,
    })) ?? [freshStep()],
    included: shown(terms?.included),
    minimum: shown(terms?.minimum),
    maximum: terms?.maximum ?? '',
    proration: terms?.proration ?? 'exact',
    day_count: terms?.day_count ?? 'actual',
    timing: terms?.timing ?? 'arrears',
  }
}

/** Faults of the fields that the model uses; those that are still empty are `needed`. */
export function faultsOf(draft: TermsDraft, model: Model): Map<string, TermsFault> {
  const faults = new Map<string, TermsFault>()
  const decimal = (pointer: string, text: string, isNeeded: boolean): boolean => {
    const fault = text.trim() === '' ? (isNeeded ? 'needed' : null) : amountFault(text) ? 'not_a_number' : null
    if (fault) faults.set(pointer, fault)
    return fault === null && text.trim() !== ''
  }
  const above = (pointer: string, text: string, below: string) => {
    if (
      decimal(pointer, text, true) &&
      amountFault(below) === null &&
      compareAmounts(plainAmount(text), plainAmount(below)) <= 0
    )
      faults.set(pointer, 'not_above')
  }
  if (model === 'graduated' || model === 'volume')
    for (const [index, tier] of draft.tiers.entries()) {
      const pointer = `/terms/tiers/${index}`
      if (index < draft.tiers.length - 1) above(`${pointer}/up_to`, tier.up_to, draft.tiers[index - 1]?.up_to ?? '0')
      decimal(`${pointer}/unit_amount`, tier.unit_amount, true)
      decimal(`${pointer}/flat_amount`, tier.flat_amount, false)
    }
  if (model === 'package') {
    above('/terms/package/size', draft.package.size, '0')
    decimal('/terms/package/amount', draft.package.amount, true)
    decimal('/terms/package/free', draft.package.free, false)
  }
  if (model === 'stair_step')
    for (const [index, step] of draft.steps.entries()) {
      const pointer = `/terms/steps/tiers/${index}`
      above(`${pointer}/block_size`, step.block_size, '0')
      decimal(`${pointer}/amount`, step.amount, true)
      if (index < draft.steps.length - 1 && !/^[1-9]\d{0,8}$/.test(step.blocks.trim()))
        faults.set(`${pointer}/blocks`, step.blocks.trim() === '' ? 'needed' : 'not_whole')
    }
  if (model === 'allocation_pool')
    for (const field of ['size', 'amount', 'overage_amount'] as const)
      decimal(`/terms/allocation_pool/${field}`, draft.allocation_pool[field], true)
  if (model === 'percentage') decimal('/terms/percentage/rate', draft.rate, true)
  if (model === 'graduated_percentage')
    for (const [index, tier] of draft.rate_tiers.entries()) {
      const pointer = `/terms/rate_tiers/${index}`
      const below = draft.rate_tiers[index - 1]?.up_to ?? '0'
      if (index < draft.rate_tiers.length - 1) above(`${pointer}/up_to`, tier.up_to, below)
      decimal(`${pointer}/rate`, tier.rate, true)
      decimal(`${pointer}/flat_amount`, tier.flat_amount, false)
    }
  if (model === 'dynamic') {
    const { id, factor, surcharge, floor, ceiling } = draft.index
    if (id === '') faults.set('/terms/index/id', 'needed')
    decimal('/terms/index/factor', factor, true)
    // the sign is no part of what is typed wrong
    const signed = (field: string, text: string) =>
      decimal(`/terms/index/${field}`, text.trim().replace(/^-/, ''), false)
    signed('surcharge', surcharge)
    const both = [signed('floor', floor), signed('ceiling', ceiling)]
    if (both.every(Boolean) && compareAmounts(plainAmount(floor), plainAmount(ceiling)) > 0)
      faults.set('/terms/index/floor', 'above_maximum')
    return faults
  }
  if (hasAllowance(model)) decimal('/terms/included', draft.included, false)
  const bounds = [decimal('/terms/minimum', draft.minimum, false), decimal('/terms/maximum', draft.maximum, false)]
  if (bounds.every(Boolean) && compareAmounts(plainAmount(draft.minimum), plainAmount(draft.maximum)) > 0)
    faults.set('/terms/minimum', 'above_maximum')
  return faults
}

const orZero = (text: string): string => (text.trim() === '' ? '0' : plainAmount(text))
/** The request's terms; undefined where they say nothing. The draft has no faults. */
export function termsOf(draft: TermsDraft, model: Model, per: NewPrice['per']): NewPrice['terms'] {
  const terms: NonNullable<NewPrice['terms']> = {}
  if (model === 'graduated' || model === 'volume')
    terms.tiers = draft.tiers.map((tier, index) => ({
      up_to: index === draft.tiers.length - 1 ? null : plainAmount(tier.up_to),
      unit_amount: plainAmount(tier.unit_amount),
      flat_amount: orZero(tier.flat_amount),
    }))
  if (model === 'package') {
    const { size, amount, free } = draft.package
    terms.package = { size: plainAmount(size), amount: plainAmount(amount), free: orZero(free) }
  }
  if (model === 'stair_step')
    terms.steps = {
      mode: draft.mode,
      tiers: draft.steps.map((step, index) => ({
        block_size: plainAmount(step.block_size),
        blocks: index === draft.steps.length - 1 ? null : Number(step.blocks),
        amount: plainAmount(step.amount),
      })),
    }
  if (model === 'allocation_pool') {
    const { size, amount, overage_amount } = draft.allocation_pool
    terms.allocation_pool = {
      size: plainAmount(size),
      amount: plainAmount(amount),
      overage_amount: plainAmount(overage_amount),
    }
  }
  if (model === 'percentage') terms.percentage = { rate: plainAmount(draft.rate) }
  if (model === 'graduated_percentage')
    terms.rate_tiers = draft.rate_tiers.map((tier, index) => ({
      up_to: index === draft.rate_tiers.length - 1 ? null : plainAmount(tier.up_to),
      rate: plainAmount(tier.rate),
      flat_amount: orZero(tier.flat_amount),
    }))
  if (isPercentage(model) && draft.kinds.length > 0) terms.of = { kinds: [...draft.kinds] }
  if (model === 'dynamic') {
    const { id, factor, surcharge, floor, ceiling } = draft.index
    const bound = (text: string) => (text.trim() === '' ? undefined : plainAmount(text))
    const bounds = { floor: bound(floor), ceiling: bound(ceiling) }
    return { index: { id, factor: plainAmount(factor), surcharge: orZero(surcharge), ...bounds } }
  }
  if (mayPool(model) && draft.pool !== 'each') terms.pool = draft.pool
  if (hasAllowance(model) && draft.included.trim() !== '') terms.included = plainAmount(draft.included)
  if (draft.minimum.trim() !== '') terms.minimum = plainAmount(draft.minimum)
  if (draft.maximum.trim() !== '') terms.maximum = plainAmount(draft.maximum)
  if (mayProrate({ draft, model, per }) && draft.proration !== 'exact') terms.proration = draft.proration
  if (terms.proration === 'day' && draft.day_count !== 'actual') terms.day_count = draft.day_count
  if (draft.timing === 'advance' && !isPercentage(model)) terms.timing = draft.timing
  return Object.keys(terms).length > 0 ? terms : undefined
}
