/** The slot that a percentile is charged for, in words: in and out, its rank, and what was not observed. */
import { Show } from 'solid-js'
import type { Line } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { fractionText } from '../kit/amount.ts'

const BITS: Record<string, bigint> = { 'bit/s': 1n, 'kbit/s': 1_000n, 'Mbit/s': 1_000_000n, 'Gbit/s': 1_000_000_000n }
const DECIMALS = 6

/** Bits a second, as a fraction, in a unit: "12.5 Mbit/s". */
export function rateText(bits: string, unit: string): string {
  const [num = '0', den = '1'] = bits.split('/')
  const text = fractionText(`${num}/${BigInt(den) * (BITS[unit] ?? 1n)}`, DECIMALS)
  return `${text.endsWith('…') ? '≈ ' : ''}${say.decimal(text.replace('…', ''))} ${unit}`
}

type Percentile = NonNullable<Line['percentile']>
/** "in 12.5 Mbit/s, out 80 Mbit/s" */
export function inOutText(percentile: Percentile, unit: string): string {
  const rate = (bits: string | null) => (bits === null ? t('explain.direction_unknown') : rateText(bits, unit))
  return t('explain.in_out', { in: rate(percentile.in), out: rate(percentile.out) })
}

interface Props {
  percentile: Percentile
  meter: Line['meter']
  unit: string
}
export function PercentileText(props: Props) {
  const one = () => props.percentile
  return (
    <>
      <span>{inOutText(one(), props.unit)}</span>
      <span class="block">
        {t('explain.slots', { rank: say.decimal(one().rank, 0), slots: say.decimal(one().slots, 0) })}
      </span>
      <Show when={one().missing > 0}>
        <span class="block text-warn">{t('explain.missing', one().missing)}</span>
      </Show>
      <Show when={one().spread > 0}>
        <span class="block text-warn">{t('explain.spread', one().spread)}</span>
      </Show>
      <span class="block text-muted">
        {t(props.meter === 'network_max' ? 'prices.counts_peak' : 'prices.counts_p95')}
      </span>
    </>
  )
}
