/** Decimal text added and compared exactly: an amount never becomes a floating-point number on its way. */

const parts = (text: string): { units: bigint; scale: number } => {
  const [whole = '0', fraction = ''] = text.split('.')
  return { units: BigInt(whole + fraction), scale: fraction.length }
}

const toText = (units: bigint, scale: number): string => {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
  const at = digits.length - scale
  const text = scale === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`
  return units < 0n ? `-${text}` : text
}

export function addAmounts(amounts: readonly string[]): string {
  const all = amounts.map(parts)
  const scale = Math.max(0, ...all.map((amount) => amount.scale))
  const sum = all.reduce((total, amount) => total + amount.units * 10n ** BigInt(scale - amount.scale), 0n)
  return toText(sum, scale)
}

export const subtractAmounts = (a: string, b: string): string =>
  addAmounts([a, b.startsWith('-') ? b.slice(1) : `-${b}`])

export function compareAmounts(a: string, b: string): number {
  const difference = parts(subtractAmounts(a, b)).units
  if (difference === 0n) return 0
  return difference > 0n ? 1 : -1
}

export const isZero = (amount: string): boolean => /^-?0+(\.0+)?$/.test(amount)

/** `413/10` → `41.3`: a fraction with its first decimals, cut and marked `…` where it goes on. */
export function fractionText(fraction: string, decimals = 6): string {
  const [numerator = '0', denominator = '1'] = fraction.split('/')
  const n = BigInt(numerator)
  const d = BigInt(denominator)
  const scaled = (n * 10n ** BigInt(decimals)) / d
  const exact = (n * 10n ** BigInt(decimals)) % d === 0n
  const text = toText(scaled, decimals).replace(/0+$/, '').replace(/\.$/, '')
  return exact ? text : `${text}…`
}
