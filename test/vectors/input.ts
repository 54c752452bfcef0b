/** Fields of a vector's input as exact values; a field that is missing or of another kind is an error that names it. */
import { type Fraction, fraction, parseDecimal, ZERO } from '#control-plane/base/exact.ts'

const PLACES = 30
export type Fields = Readonly<Record<string, unknown>>

/** Decimal text, or a whole number as JSON has it. */
export function decimal(value: unknown, name: string): Fraction {
  const text = typeof value === 'number' ? String(value) : value
  const exact = typeof text === 'string' ? parseDecimal(text, PLACES) : null
  if (!exact) throw new Error(`${name} is no decimal: ${JSON.stringify(value)}`)
  return exact
}
const isThere = (value: unknown): boolean => value !== undefined && value !== null

export const need = (fields: Fields, name: string): Fraction => decimal(fields[name], name)
export const maybe = (fields: Fields, name: string): Fraction | null =>
  isThere(fields[name]) ? decimal(fields[name], name) : null
export const orZero = (fields: Fields, name: string): Fraction => maybe(fields, name) ?? ZERO

export function whole(value: Fraction, name: string): bigint {
  if (value.num % value.den !== 0n) throw new Error(`${name} is no whole number`)
  return value.num / value.den
}
export const count = (fields: Fields, name: string): bigint => whole(need(fields, name), name)
export const maybeCount = (fields: Fields, name: string): bigint | null => {
  const value = maybe(fields, name)
  return value === null ? null : whole(value, name)
}

export function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw new Error(`${name} is no text: ${JSON.stringify(value)}`)
  return value
}
/** A rate in per cent as text, whatever JSON has. */
export const rateText = (fields: Fields, name: string): string => String(fields[name] ?? '0')

export function list(fields: Fields, name: string): unknown[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw new Error(`${name} is no list: ${JSON.stringify(value)}`)
  return value
}
export const records = (fields: Fields, name: string): Fields[] =>
  list(fields, name).map((value, index) => record(value, `${name}[${index}]`))
export function record(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} is no object: ${JSON.stringify(value)}`)
  return { ...value }
}
export const decimals = (fields: Fields, name: string): Fraction[] =>
  list(fields, name).map((value, index) => decimal(value, `${name}[${index}]`))
export const ONE: Fraction = fraction(1n)
