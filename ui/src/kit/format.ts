/** Money, quantities and instants as text of a locale; formatters are made once for each set of options. */

const numbers = new Map<string, Intl.NumberFormat>()
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options)
  const known = numbers.get(key) ?? new Intl.NumberFormat(locale, options)
  numbers.set(key, known)
  return known
}
const dates = new Map<string, Intl.DateTimeFormat>()
function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options)
  const known = dates.get(key) ?? new Intl.DateTimeFormat(locale, options)
  dates.set(key, known)
  return known
}

/** Decimal text goes into Intl as text: exact at any length. */
const exact = (text: string) => text as Intl.StringNumericLiteral

/** Amounts of documents: the currency's own decimals. */
export const money = (locale: string, amount: string, currency: string): string =>
  numberFormat(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }).format(exact(amount))

/** Of a scale: short, and never read as an amount. */
export const compactMoney = (locale: string, amount: number, currency: string): string =>
  numberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    notation: 'compact',
    maximumSignificantDigits: 3,
  }).format(amount)

/** Prices and hourly costs: as many decimals as they have, at least the currency's and at most `decimals`. */
export function rate(locale: string, amount: string, currency: string, decimals = 12): string {
  const options = {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: decimals,
  } as const
  return numberFormat(locale, options).format(exact(amount))
}

export const decimal = (locale: string, text: string | number | bigint, decimals = 6): string =>
  numberFormat(locale, { maximumFractionDigits: decimals }).format(typeof text === 'string' ? exact(text) : text)

export const percent = (locale: string, ratio: number): string =>
  numberFormat(locale, { style: 'percent', maximumFractionDigits: ratio < 0.1 ? 1 : 0 }).format(ratio)

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A number and its unit apart, so that a column can align the numbers. */
export function bytesParts(locale: string, value: string | number): { number: string; unit: string } {
  let size = Number(value)
  let step = 0
  while (Math.abs(size) >= 1024 && step < BINARY.length - 1) {
    size /= 1024
    step += 1
  }
  const decimals = step === 0 || size >= 100 ? 0 : 1
  return { number: numberFormat(locale, { maximumFractionDigits: decimals }).format(size), unit: BINARY[step] ?? 'B' }
}
export function bytes(locale: string, value: string | number): string {
  const { number, unit } = bytesParts(locale, value)
  return `${number} ${unit}`
}

const INSTANT = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const
export const instant = (locale: string, at: string | number, zone?: string): string =>
  dateFormat(locale, { ...INSTANT, timeZone: zone }).format(new Date(at))
/** "14 Nov 2026, 02:10 – 05:22": the day is said once where it is one. */
export const span = (locale: string, from: string | number, to: string | number, zone?: string): string =>
  dateFormat(locale, { ...INSTANT, timeZone: zone }).formatRange(new Date(from), new Date(to))
export const preciseInstant = (locale: string, at: string | number, zone?: string): string =>
  dateFormat(locale, { ...INSTANT, second: '2-digit', fractionalSecondDigits: 3, timeZone: zone }).format(new Date(at))
export const date = (locale: string, at: string | number, zone?: string): string =>
  dateFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: zone }).format(new Date(at))
export const shortDate = (locale: string, at: string | number, zone?: string): string =>
  dateFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: zone }).format(new Date(at))
export const month = (locale: string, at: string | number, zone?: string): string =>
  dateFormat(locale, { month: 'long', year: 'numeric', timeZone: zone }).format(new Date(at))
export const clock = (locale: string, at: string | number): string =>
  dateFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at))

const STEPS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** "3 min ago", "in 2 days"; below ten seconds "now". */
export function relative(locale: string, at: string | number, nowMs: number): string {
  const seconds = Math.round((new Date(at).getTime() - nowMs) / 1000)
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  if (Math.abs(seconds) < 10) return words.format(0, 'second')
  const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS[3]
  return words.format(Math.trunc(seconds / length), unit)
}

/** A length of time in its largest units, at most two: "3 h 20 min", "850 ms". */
export function duration(locale: string, ms: number, units: 1 | 2 = 2): string {
  const say = (value: number, unit: string) =>
    numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 0 }).format(value)
  if (ms < 1000) return say(Math.round(ms), 'millisecond')
  const seconds = Math.round(ms / 1000)
  const at = STEPS.findIndex(([, size]) => seconds >= size)
  const [unit, length] = STEPS[at] ?? STEPS[3]
  const next = units === 2 ? STEPS[at + 1] : undefined
  const rest = next ? Math.floor((seconds % length) / next[1]) : 0
  return next && rest > 0
    ? `${say(Math.floor(seconds / length), unit)} ${say(rest, next[0])}`
    : say(Math.floor(seconds / length), unit)
}
