/** Kubernetes' quantities (`100m`, `1.5Gi`, `12e6`, `123456n`) as exact whole numbers, rounded up as Kubernetes does. Pure. */
import { badAnswer } from './values.ts'

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const QUANTITY = /^([+-]?)(\d{1,40})?(?:\.(\d{0,40}))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?$/
const UINT64 = 2n ** 64n

/** The quantity in units of 10^-`digits`: 3 gives thousandths, 9 billionths. What is finer is rounded up. */
export function quantity(value: unknown, digits: 0 | 3 | 9, what: string): bigint {
  const said = typeof value === 'number' ? String(value) : value
  const match = typeof said === 'string' ? QUANTITY.exec(said) : null
  const [, sign, whole = '', fraction = '', binary = '', decimal = '', exponent] = match ?? []
  if (!match || (whole === '' && fraction === '')) throw badAnswer(`${what} is no quantity`)
  const power = BigInt(exponent ?? DECIMAL[decimal] ?? 0) + BigInt(digits) - BigInt(fraction.length)
  const shifted = BigInt(whole + fraction) * 2n ** BigInt(BINARY[binary] ?? 0)
  const amount = power >= 0n ? shifted * 10n ** power : dividedUp(shifted, 10n ** -power)
  if (amount >= UINT64) throw badAnswer(`${what} is beyond what can be held`)
  // an overcommitted node's allocatable may be told below zero
  return sign === '-' ? 0n : amount
}

export const dividedUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by
