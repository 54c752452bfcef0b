/** One valid input → many that are nearly valid: bytes, texts and JSON trees are changed in a few places. */
import type { Random } from './random.ts'
import { NAMES, NUMBER_TEXTS, oddNumber, oddText, oddValue } from './values.ts'

/** Bytes with 1 to 4 changes: flipped, cut, inserted, repeated, zeroed. */
export function mutatedBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes)
  for (let change = random.between(1, 4); change > 0; change -= 1) out = changedBytes(random, out)
  return out
}

function changedBytes(random: Random, bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + random.between(1, random.chance(0.2) ? bytes.length + 1 : 8))
  const [before, span, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)]
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([before, after])
    case 1:
      return Buffer.concat([before, span, span, after])
    case 2:
      return Buffer.concat([before, Buffer.alloc(span.length), after])
    case 3:
      return Buffer.concat([before, random.bytes(random.between(1, 16)), span, after])
    case 4:
      return Buffer.from(before)
    default: {
      const flipped = Buffer.from(bytes)
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8))
      return flipped
    }
  }
}

/** Words and marks that mean something to somebody: JSON, XML, virsh's tables, /proc. */
const MARKS = [
  ...NUMBER_TEXTS,
  'null',
  'true',
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '=',
  "'",
  '<',
  '>',
  '/>',
  '&lt;',
  '&#0;',
  '&#xD800;',
  '<![CDATA[',
  '<!--',
  '<!DOCTYPE x>',
  '\u0000',
  '\ud800',
  '\ufeff',
  '\\',
  '\\u0000',
  '\\ud800',
  '%s',
  '__proto__',
  '"__proto__":1,',
  '"constructor":{},',
  '99999999999999999999',
  'é',
  '漢',
] as const

/** A text with 1 to 5 changes: spans cut, repeated, exchanged, marks put in, numbers made odd. */
export function mutatedText(random: Random, text: string): string {
  let out = text
  for (let change = random.between(1, 5); change > 0; change -= 1) out = changedText(random, out)
  return out
}

function changedText(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + random.between(1, random.chance(0.15) ? text.length + 1 : 12))
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(end)
    case 1:
      return text.slice(0, end) + text.slice(at, end) + text.slice(end)
    case 2:
      return text.slice(0, at) + random.pick(MARKS) + text.slice(end)
    case 3:
      return text.slice(0, at) + random.pick(MARKS) + text.slice(at)
    case 4:
      return text.slice(0, at)
    case 5:
      return replacedLine(random, text)
    default:
      return replacedNumber(random, text, at)
  }
}

/** The number at or after a place becomes an odd one. */
function replacedNumber(random: Random, text: string, at: number): string {
  const found = /\d+/.exec(text.slice(at))
  if (!found) return text
  const start = at + found.index
  return text.slice(0, start) + random.pick(NUMBER_TEXTS) + text.slice(start + found[0].length)
}

/** A line in another's place, or twice. */
function replacedLine(random: Random, text: string): string {
  const lines = text.split('\n')
  const line = random.pick(lines)
  lines.splice(random.below(lines.length), random.below(2), line)
  return lines.join('\n')
}

/** Where a value of a JSON tree stands. */
interface Place {
  holder: Record<string, unknown> | unknown[]
  key: string | number
  value: unknown
}

const PLACES_MAX = 2_000

export function placesOf(tree: unknown): Place[] {
  const places: Place[] = []
  const waiting = [tree]
  while (waiting.length > 0 && places.length < PLACES_MAX) {
    const holder = waiting.pop()
    if (typeof holder !== 'object' || holder === null) continue
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder: holder as Place['holder'], key: Array.isArray(holder) ? Number(key) : key, value })
      waiting.push(value)
    }
  }
  return places
}

/** As JSON.parse does: an own property, also where an object inherits one of that name. */
export function put(holder: Place['holder'], key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
}

export function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else delete holder[key]
}

/** A copy of the tree with 1 to 3 changes of its values. */
export function mutatedTree<T>(random: Random, tree: T): T {
  const copy = structuredClone({ tree })
  for (let change = random.between(1, 3); change > 0; change -= 1) changeTree(random, copy)
  return copy.tree
}

function changeTree(random: Random, tree: unknown): void {
  const places = placesOf(tree)
  if (places.length === 0) return
  const place = random.pick(places)
  const { holder, key, value } = place
  switch (random.below(9)) {
    case 0:
      return remove(place)
    case 1:
      return addTo(random, holder)
    case 2:
      return put(holder, key, structuredClone(random.pick(places).value))
    case 3:
      if (Array.isArray(value)) return put(holder, key, repeated(random, value))
      return put(holder, key, random.pick([[value], { value }]))
    case 4:
      return put(holder, key, oddValue(random))
    default:
      if (typeof value === 'number') return put(holder, key, oddNumber(random, value))
      if (typeof value === 'string') return put(holder, key, oddText(random, value))
      return put(holder, key, oddValue(random))
  }
}

function addTo(random: Random, holder: Place['holder']): void {
  if (Array.isArray(holder)) holder.push(oddValue(random))
  else put(holder, random.chance(0.8) ? random.pick(NAMES) : String(oddText(random, 'name')), oddValue(random))
}

const repeated = (random: Random, list: readonly unknown[]): unknown[] =>
  Array.from({ length: Math.min(2_000, list.length * random.between(2, 30)) }, (_, at) => list[at % list.length])
