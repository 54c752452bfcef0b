/** What the price form may offer and accept, before the server has its word. */
import type { MeterDescription, NewPrice } from '../api.ts'

const AMOUNT = /^\d{1,18}(\.\d{1,12})?$/
export type AmountFault = { fault: 'not_a_number' } | { fault: 'too_many_decimals'; decimals: number }

/** null where the amount is fine; a comma counts as a point, as people in Spain write it. */
export function amountFault(text: string): AmountFault | null {
  const plain = plainAmount(text)
  if (AMOUNT.test(plain)) return null
  const decimals = /^\d{1,18}\.(\d+)$/.exec(plain)?.[1]?.length ?? 0
  return decimals > 12 ? { fault: 'too_many_decimals', decimals } : { fault: 'not_a_number' }
}
export const plainAmount = (text: string): string => text.trim().replace(/^(-?\d*),(\d+)$/, '$1.$2')

type Meter = Pick<MeterDescription, 'kind' | 'models'>
interface Choices {
  per: NewPrice['per'][]
  models: NewPrice['model'][]
}
const PER: Record<Meter['kind'], Choices['per']> = {
  allocation: ['hour', 'month'],
  consumption: ['quantity'],
  gauge: ['hour', 'month'],
  percentile: ['month'],
}
/** Allocation and gauges are charged for time, consumption for its quantity, a percentile by the month; which models fit, the meter says itself. A plan has no pool. */
export const choicesOf = (meter: Meter, isOfPlan: boolean): Choices => ({
  per: PER[meter.kind],
  models: meter.models.filter((model) => !(isOfPlan && model === 'allocation_pool')),
})

const USUAL_UNITS = ['GiB', 'GB', 'CPU_hour', 'million_operations', 'Mbit/s']
/** The unit that most price lists use, or the first. */
export const usualUnit = (meter: Pick<MeterDescription, 'units'>): string =>
  USUAL_UNITS.find((unit) => meter.units.includes(unit)) ?? meter.units[0] ?? ''
