/** What firmware writes into its texts: read as it stands, and left out where it says nothing. Pure. */

/** Placeholders that boards leave the factory with. */
const NOTHING = new RegExp(
  `^(${[
    String.raw`|-|\?+|\.+|x+|0+|f{4,}|0?123456789(abcdef)?|9876543210|\[?empty\]?|none|null|unknown|undefined|invalid|n\/?a|nil`,
    String.raw`not (specified|settable|available|provided|present|applicable|defined|supported( by cpu)?)`,
    String.raw`no (dimm|asset( tag| information)?|module installed|serial( number)?|enclosure)`,
    String.raw`default( string)?|unspecified|<(out of spec|bad index)>|asset-1234567890`,
    String.raw`((to be )?fill(ed)? by |tbd( by )?)?o\.?[ed]\.?m\.?|tbd`,
    String.raw`(system|base ?board|chassis)[ -]?(serial ?number|product ?name|manufacturer?|version|asset tag|chassis location)`,
    // SerNum0, A1_PartNum1, DIMM_A1_AssetTag, ModulePartNumber00
    String.raw`(\w{1,20}_)?(module ?)?(ser(ial)? ?num(ber)?|part ?num(ber)?|manufacturer|asset ?tag( ?num(ber)?)?)_?\d{0,3}`,
    String.raw`(asset|serial) ?(tag|num(ber)?)|[0f]{8}-([0f]{4}-){3}[0f]{12}`,
  ].join('|')})$`,
  'i',
)

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
