/** What programs trip over: numbers at their edges, texts that aren't what they seem, names that objects inherit. */
import type { Random } from './random.ts'

/** JSON numbers as text: some are more than a double holds, some are none at all. */
export const NUMBER_TEXTS = [
  '-1',
  '-0',
  '0.5',
  '1e3',
  '1e999',
  '-1e999',
  '1e-400',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '253402300799999',
  '253402300800000',
  '8640000000000001',
  '00',
  '0x10',
  'NaN',
  'Infinity',
  '-Infinity',
] as const

const NUMBERS = [
  0,
  -0,
  -1,
  1,
  0.5,
  1.5,
  -1e308,
  1e308,
  5e-324,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  2 ** 64,
  86_400_000,
  86_400_001,
  253_402_300_799_999,
  253_402_300_800_000,
] as const

const TEXTS = [
  '',
  ' ',
  'NaN',
  'null',
  '-1',
  '+1',
  '01',
  '1.0',
  '1e3',
  '0x10',
  ' 7',
  '7\n',
  '٣',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999',
  '9007199254740993',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udfff',
  '\u202e',
  '\ufeff',
  '%00',
  "'; drop table reading; --",
  '${7*7}',
  '../../etc/passwd',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '0001-01-01T00:00:00Z',
  '2026-11-01T00:00:00+99:99',
] as const

export const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
  'then',
  '',
  '0',
  'a/b',
  'a\u0000',
  '\ud800',
] as const

/** Lengths about the bounds of the wire. */
const LENGTHS = [
  1, 31, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1_000, 2_000, 2_001, 4_097,
] as const

/** A text of one length; of many different characters, so that nothing compresses it. */
export function longText(random: Random, length = random.pick(LENGTHS)): string {
  const [from, to] = random.pick([
    [0x61, 0x7a],
    [0x4e00, 0x9fff],
    [0xac00, 0xd7a3],
  ] as const)
  return Array.from({ length }, () => String.fromCharCode(random.between(from, to))).join('')
}

/** Arrays or objects within each other; how deep it may go, the caller says. */
export function nested(random: Random, deepest: number): unknown {
  let value: unknown = random.pick([null, 1, 'x', []])
  const depth = random.between(2, deepest)
  const asArray = random.chance(0.5)
  for (let level = 0; level < depth; level += 1) value = asArray ? [value] : { a: value }
  return value
}

/** Any wrong value: of another type, at an edge, or too long. */
export function oddValue(random: Random): unknown {
  switch (random.below(9)) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
    case 3:
      return random.pick(NUMBERS)
    case 4:
    case 5:
      return random.pick(TEXTS)
    case 6:
      return longText(random)
    case 7:
      return random.pick([[], {}, [[]], [null], JSON.parse('{"__proto__":1}')])
    default:
      return nested(random, random.chance(0.02) ? 20_000 : 40)
  }
}

/** A number near another one, or far from it. */
export function oddNumber(random: Random, value: number): unknown {
  // as digits, the way that the wire carries what a double can't
  if (random.chance(0.3)) return random.pick(NUMBER_TEXTS)
  const near = [value + 1, value - 1, -value, value * 2, value / 3, value * 1_000, value + 0.5, value * 2 ** 32]
  return random.chance(0.5) ? random.pick(near) : random.chance(0.5) ? random.pick(NUMBERS) : String(value)
}

/** A text near another one, or far from it. */
export function oddText(random: Random, value: string): unknown {
  if (/^\d+$/.test(value) && random.chance(0.5)) return random.pick(NUMBER_TEXTS)
  const at = random.below(value.length + 1)
  const put = (part: string) => value.slice(0, at) + part + value.slice(at)
  switch (random.below(7)) {
    case 0:
      return put(random.pick(['\u0000', '\ud800', '\udc00', '\u202e', ' ', '/', '\\', '"', "'", '\n', '%', '_']))
    case 1:
      return value.slice(0, at)
    case 2:
      return value.toUpperCase()
    case 3:
      return value + longText(random)
    case 4:
      return value.repeat(random.between(2, 40)).slice(0, 5_000)
    case 5:
      return random.pick(TEXTS)
    default:
      return longText(random)
  }
}
