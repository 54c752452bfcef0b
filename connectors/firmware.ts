/** What firmware writes into its texts: read as it stands, and left out where it says nothing. Pure. */

/** Placeholders that boards leave the factory with. */
const NOTHING =
  /^(|-|\?+|\.+|x+|0+|0?123456789(abcdef)?|none|null|empty|unknown|undefined|n\/?a|nil|not (specified|settable|available|provided|present|applicable)|no (dimm|asset( tag)?|module installed|serial number)|default string|to be filled by o\.?e\.?m\.?|o\.?e\.?m\.?|unspecified|(system|base ?board|chassis)[ -]?(serial ?number|product ?name|manufacturer|version)|(asset|serial) ?(tag|num(ber)?)|[0f]{8}-([0f]{4}-){3}[0f]{12})$/i

/** A text of at most `max` characters, or undefined where there is none. */
export function said(value: unknown, max = 128): string | undefined {
  // firmware ends its texts with NUL, and a cut may leave half a character: neither can be stored
  const text = typeof value === 'string' ? value.replaceAll('\0', '').trim().slice(0, max).toWellFormed() : ''
  return NOTHING.test(text) ? undefined : text
}

/** UUIDs that a factory gave to many boards. */
const SHARED = new Set([
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
])

/** A UUID in lower case with its dashes; undefined for what is none, or is everybody's. */
export function ownUuid(value: unknown): string | undefined {
  const digits = typeof value === 'string' ? value.trim().toLowerCase().replaceAll(/[-{}]/g, '') : ''
  if (!/^[0-9a-f]{32}$/.test(digits) || /^(.)\1*$/.test(digits)) return undefined
  const uuid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return SHARED.has(uuid) ? undefined : uuid
}

/** Six bytes in lower case with colons; undefined for what is none, or is nobody's. */
export function ownMac(value: unknown): string | undefined {
  const digits = typeof value === 'string' ? value.trim().toLowerCase().replaceAll(/[:.-]/g, '') : ''
  if (!/^[0-9a-f]{12}$/.test(digits) || /^(.)\1*$/.test(digits)) return undefined
  return digits.replaceAll(/(..)(?=.)/g, '$1:')
}

/** fe80::/10 is made anew on each link, and loopback is everybody's: neither tells machines apart. */
export function ownAddress(value: unknown): string | undefined {
  const text = said(value, 64)?.toLowerCase()
  if (text === undefined || !/^[0-9a-f.:]+$/.test(text)) return undefined
  return /^(fe[89ab][0-9a-f]:|127\.|::1?$|169\.254\.|0\.0\.0\.0$)/.test(text) ? undefined : text
}
