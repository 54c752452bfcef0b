/** Smaller inputs from a failing one: spans left out, values made plain. */
import { placesOf, put, remove } from './mutate.ts'

const PIECES = [2, 4, 8, 16, 32, 64] as const

/** The text or the bytes without one piece: halves first, single characters of short ones last. */
function* spans(length: number): Generator<[from: number, to: number]> {
  const counts = length <= 64 ? [...PIECES.filter((pieces) => pieces < length), length] : PIECES
  for (const pieces of counts) {
    const size = Math.ceil(length / pieces)
    for (let from = 0; from < length; from += size) yield [from, Math.min(length, from + size)]
  }
}

export function* smallerTexts(text: string): Generator<string> {
  for (const [from, to] of spans(text.length)) yield text.slice(0, from) + text.slice(to)
}

export function* smallerBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (const [from, to] of spans(bytes.length)) yield Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
}

/** Copies of a JSON tree that lack one of its values. A tree too deep to be copied stays as it is. */
export function* smallerTrees<T>(tree: T): Generator<T> {
  let text: string
  try {
    text = JSON.stringify(tree)
  } catch {
    return
  }
  const copy = () => JSON.parse(text) as T
  const places = Math.min(placesOf(copy()).length, 500)
  for (let at = 0; at < places; at += 1) {
    const smaller = copy()
    const place = placesOf(smaller)[at]
    if (!place) return
    remove(place)
    yield smaller
    if (typeof place.value !== 'string' || place.value.length < 4) continue
    const shorter = copy()
    const same = placesOf(shorter)[at]
    if (!same) return
    put(same.holder, same.key, place.value.slice(0, place.value.length / 2))
    yield shorter
  }
}
