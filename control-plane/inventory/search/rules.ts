/** What somebody who searches may mean: pure. */

/** A MAC as it is stored: pairs with colons. Begun ones too, from three pairs on, whatever divides them. */
const MAC = /^(?:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){2,5}|[0-9a-f]{4}\.[0-9a-f]{4}(?:\.[0-9a-f]{4})?|[0-9a-f]{12})$/
const ID = /^[0-9a-f]{8}(-?[0-9a-f]{0,4}){0,3}-?[0-9a-f]{0,12}$/

/** Texts of which one must be in what a resource shows: as it was typed, and a MAC as it is stored. */
export function textsOf(query: string): string[] {
  const text = query.trim().toLowerCase()
  if (!MAC.test(text)) return [text]
  const pairs = text.replaceAll(/[^0-9a-f]/g, '').match(/../g) ?? []
  return [...new Set([text, pairs.join(':')])]
}

/** The first and the last id that begin so; null: it is no beginning of one. */
export function idsFrom(query: string): { first: string; last: string } | null {
  const text = query.trim().toLowerCase()
  if (!ID.test(text)) return null
  const digits = text.replaceAll('-', '')
  if (digits.length > 32) return null
  const id = (fill: string) => digits.padEnd(32, fill).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { first: id('0'), last: id('f') }
}
