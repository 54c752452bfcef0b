/** What the price form says of meters: how they are grouped, what they count, what their gaps may be. */
import type { MeterDescription, NewPrice } from '../api.ts'
import { t } from '../i18n/language.ts'

export const meterGroups = (meters: MeterDescription[]) =>
  (['allocation', 'consumption', 'gauge', 'percentile'] as const)
    .filter((kind) => meters.some((one) => one.kind === kind))
    .map((kind) => ({
      label: t(`prices.${kind}`),
      options: meters
        .filter((one) => one.kind === kind)
        .map((one) => ({ value: one.name, label: t(`meter.${one.name}`) })),
    }))

/** Of the very time in which it was owned: no other proration has a meaning. */
export const isMeasured = (meter: MeterDescription | undefined): boolean =>
  meter?.kind === 'gauge' || meter?.kind === 'percentile'

/** Of a percentile not time is billed or left out, but slots are counted or not. */
export function gapText(policy: NonNullable<NewPrice['gap_policy']>, isPercentile: boolean): string {
  if (isPercentile && (policy === 'total' || policy === 'skip')) return t(`prices.gap_${policy}_slots`)
  return t(`prices.gap_${policy}`)
}

export function meterHint(meter: MeterDescription | undefined): string {
  if (!meter) return ''
  if (meter.kind === 'consumption') return t('prices.counts_use')
  if (meter.kind === 'gauge') return t(meter.counts === 'running' ? 'prices.counts_held_running' : 'prices.counts_held')
  if (meter.kind === 'percentile') return t(meter.name === 'network_max' ? 'prices.counts_peak' : 'prices.counts_p95')
  return t(meter.counts === 'running' ? 'prices.counts_running' : 'prices.counts_allocated')
}
