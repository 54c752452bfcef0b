/** Walks libvirt's XML as plain nodes, never trusting a shape. */
import { ConnectorError } from '#connectors/contract.ts'

export type Node = Readonly<Record<string, unknown>>

export const badAnswer = (what: string): ConnectorError =>
  new ConnectorError('bad_answer', `libvirt's answer can't be read: ${what}`, 'Report this with the output of virsh.')

/** C has no text with NUL, and nothing of ours stores one. */
export function refuseNul(text: string, what: string): void {
  if (text.includes('\0')) throw badAnswer(`NUL in ${what}`)
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const own = (node: Node, name: string): unknown => (Object.hasOwn(node, name) ? node[name] : undefined)

/** All children of that name that are elements; `<a>text</a>` counts, as a node with text. */
export function children(node: Node | undefined, name: string): Node[] {
  const value = node && own(node, name)
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]).map((item): Node => (isNode(item) ? item : { '#text': item }))
}

export const child = (node: Node | undefined, name: string): Node | undefined => children(node, name)[0]

/** An attribute's text; undefined if it is absent or empty. */
export function attribute(node: Node | undefined, name: string): string | undefined {
  const value = node && own(node, `@${name}`)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The text in an element; undefined if there is none. */
export function text(node: Node | undefined, name?: string): string | undefined {
  const at = name === undefined ? node : child(node, name)
  const value = at && own(at, '#text')
  return typeof value === 'string' && value !== '' ? value : undefined
}

const UNITS: Readonly<Record<string, bigint>> = {
  b: 1n,
  bytes: 1n,
  KB: 1000n,
  k: 1024n,
  KiB: 1024n,
  MB: 1000n ** 2n,
  M: 1024n ** 2n,
  MiB: 1024n ** 2n,
  GB: 1000n ** 3n,
  G: 1024n ** 3n,
  GiB: 1024n ** 3n,
  TB: 1000n ** 4n,
  T: 1024n ** 4n,
  TiB: 1024n ** 4n,
}

/** `<memory unit='KiB'>1024</memory>` in bytes. */
export function bytes(node: Node | undefined, unit = 'KiB'): bigint | undefined {
  const digits = wholeNumber(text(node))
  const named = attribute(node, 'unit') ?? unit
  const factor = Object.hasOwn(UNITS, named) ? UNITS[named] : undefined
  return digits === undefined || factor === undefined ? undefined : within(digits * factor)
}

const LARGEST = 2n ** 64n - 1n
/** Undefined above 2⁶⁴ − 1, which no size or counter of ours can be. */
export const within = (value: bigint): bigint | undefined => (value <= LARGEST ? value : undefined)
export const fromKib = (kib: bigint | undefined): bigint | undefined =>
  kib === undefined ? undefined : within(kib * 1024n)

/** Decimal digits up to 2⁶⁴ − 1; undefined for anything else. */
export function wholeNumber(digits: string | undefined): bigint | undefined {
  if (digits === undefined || !/^\d{1,20}$/.test(digits)) return undefined
  return within(BigInt(digits))
}

/** A whole number as the wire carries it: a JSON number while that is exact. */
export const wire = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
