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

/** The first of each currency's largest, then the second, and so on: amounts of two can't be compared. */
export function largest<Row>(
  rows: readonly Row[],
  moneyOf: (row: Row) => { amount: string; currency: string },
  count: number,
): Row[] {
  const byCurrency = [...Map.groupBy(rows, (row) => moneyOf(row).currency).values()]
  return byCurrency
    .toSorted((a, b) => b.length - a.length)
    .flatMap((alike) =>
      alike
        .toSorted((a, b) => compareAmounts(moneyOf(b).amount, moneyOf(a).amount))
        .map((row, place) => ({ row, place })),
    )
    .toSorted((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ row }) => row)
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

const fractionOf = (text: string): [bigint, bigint] => {
  const [numerator = '0', denominator = '1'] = text.split('/')
  return [BigInt(numerator), BigInt(denominator)]
}
/** Whether fractions add up to another exactly. */
export function sameSum(parts: readonly string[], whole: string): boolean {
  const [wanted, by] = fractionOf(whole)
  // sums of one denominator first: a month of readings shares it
  const sums = new Map<bigint, bigint>()
  for (const [num, den] of parts.map(fractionOf)) sums.set(den, (sums.get(den) ?? 0n) + num)
  let [total, den] = [0n, 1n]
  for (const [of, num] of sums) [total, den] = [total * of + num * den, den * of]
  return total * by === wanted * den
}
export const sumIntegers = (values: readonly string[]): string =>
  values.reduce((sum, value) => sum + BigInt(value), 0n).toString()
