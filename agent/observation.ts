/** What a connector may say of one resource, with what it may leave out filled in: the contract's `Observation`. */
import type { Observation } from '#connectors/contract.ts'
import {
  Misshapen,
  type Shape,
  json,
  list,
  oneOf,
  optional,
  otherwise,
  record,
  strict,
  text,
  whole,
} from '#connectors/shape.ts'
import { KINDS, SIZES, STATES } from '#connectors/wire.ts'

const DIGITS = /^(0|[1-9]\d{0,19})$/
/** A whole number below 2⁶⁴: a JSON number while that is exact, else decimal digits. */
const amount: Shape<number | string> = (value, at = '') => {
  if (typeof value === 'number') return whole(0)(value, at)
  if (typeof value === 'string' && DIGITS.test(value) && BigInt(value) < 2n ** 64n) return value
  throw new Misshapen(at, 'a whole number from 0 to 2⁶⁴ − 1, or its digits')
}

const evidence: Shape<Observation['evidence']> = strict({
  smbios_uuid: optional(text(1, 64)),
  machine_id: optional(text(1, 64)),
  serials: optional(list(text(1, 128), 256)),
  macs: optional(list(text(1, 32), 256)),
  ips: optional(list(text(1, 64), 256)),
})
const host: Shape<string | null> = (value, at) => (value === null ? null : text(1, 512)(value, at))

export const observationShape: Shape<Observation> = strict({
  kind: oneOf(KINDS),
  external_id: text(1, 512),
  incarnation: otherwise(text(0, 128), () => ''),
  name: text(1, 512),
  state: oneOf(STATES),
  size: otherwise(strict(Object.fromEntries(SIZES.map((name) => [name, optional(amount)]))), () => ({})),
  host: otherwise(host, () => null),
  parent: optional(strict({ kind: oneOf(KINDS), external_id: text(1, 512) })),
  evidence: otherwise(evidence, () => ({})),
  attributes: otherwise(record(json, text(0, 128)), () => ({})),
})
