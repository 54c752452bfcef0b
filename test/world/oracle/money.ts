/** Exact money: fractions of big integers, rounded once, half away from zero. */

export interface Exact {
  num: bigint
  den: bigint
}

const divisor = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : divisor(b, a % b))

/** Decimal text such as "0.012". */
export function exact(text: string): Exact {
  const [whole = '', decimals = ''] = text.split('.')
  return { num: BigInt(whole + decimals), den: 10n ** BigInt(decimals.length) }
}

export const times = (a: Exact, b: Exact): Exact => ({ num: a.num * b.num, den: a.den * b.den })

/** `numerator/denominator` in lowest terms. */
export function lowest({ num, den }: Exact): string {
  const common = divisor(num, den)
  return `${num / common}/${den / common}`
}

const placesOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2

/** Minor units of an amount in major units. */
export function minor({ num, den }: Exact, currency: string): bigint {
  const scaled = num * 10n ** BigInt(placesOf(currency))
  const size = scaled < 0n ? -scaled : scaled
  const whole = size / den + (2n * (size % den) >= den ? 1n : 0n)
  return scaled < 0n ? -whole : whole
}

/** Decimal text in major units: 4137 → "41.37". */
export function majorText(amount: bigint, currency: string): string {
  const places = placesOf(currency)
  const digits = (amount < 0n ? -amount : amount).toString().padStart(places + 1, '0')
  const cut = digits.length - places
  return (amount < 0n ? '-' : '') + digits.slice(0, cut) + (places > 0 ? `.${digits.slice(cut)}` : '')
}

/** What an amount of minor units is taxed: percent, rounded to minor units. */
export const taxOn = (base: bigint, percent: string, currency: string): bigint =>
  minor(times({ num: base, den: 100n * 10n ** BigInt(placesOf(currency)) }, exact(percent)), currency)
