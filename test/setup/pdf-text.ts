/** The text of a PDF as a reader would copy it: content streams, decoded by the character maps of their fonts. */
import { inflateSync } from 'node:zlib'

interface Thing {
  dictionary: string
  stream: Buffer | null
}

/** Objects by number, those in object streams included. */
function thingsOf(bytes: Buffer): Map<number, Thing> {
  const [out, text] = [new Map<number, Thing>(), bytes.toString('latin1')]
  for (const { 1: number, index, 0: head } of text.matchAll(/(\d+) 0 obj\b/g)) {
    const begin = index + head.length
    const end = text.indexOf('endobj', begin)
    const at = text.indexOf('stream', begin)
    if (at < 0 || at > end) {
      out.set(Number(number), { dictionary: text.slice(begin, end), stream: null })
      continue
    }
    const dictionary = text.slice(begin, at)
    const first = text[at + 6] === '\r' ? at + 8 : at + 7
    const length = Number(/\/Length (\d+)(?! 0 R)/.exec(dictionary)?.[1] ?? 0)
    const raw = bytes.subarray(first, length > 0 ? first + length : text.indexOf('endstream', first))
    out.set(Number(number), { dictionary, stream: dictionary.includes('/FlateDecode') ? inflateSync(raw) : raw })
  }
  for (const { dictionary, stream } of out.values()) {
    if (!stream || !dictionary.includes('/ObjStm')) continue
    const first = Number(/\/First (\d+)/.exec(dictionary)?.[1])
    const inside = stream.toString('latin1')
    const heads = inside.slice(0, first).trim().split(/\s+/).map(Number)
    for (let at = 0; at < heads.length; at += 2)
      out.set(heads[at]!, {
        dictionary: inside.slice(first + heads[at + 1]!, at + 3 < heads.length ? first + heads[at + 3]! : undefined),
        stream: null,
      })
  }
  return out
}

/** Glyphs to characters: https://adobe-type-tools.github.io/font-tech-notes/pdfs/5014.CIDFont_Spec.pdf */
function mapOf(cmap: string): Map<number, string> {
  const [out, hex] = [new Map<number, string>(), (text: string) => Number.parseInt(text, 16)]
  const said = (text: string) => Buffer.from(text, 'hex').swap16().toString('utf16le')
  for (const [, block = ''] of cmap.matchAll(/beginbfchar([\s\S]*?)endbfchar/g))
    for (const [, from = '', to = ''] of block.matchAll(/<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g))
      out.set(hex(from), said(to))
  for (const [, block = ''] of cmap.matchAll(/beginbfrange([\s\S]*?)endbfrange/g)) {
    for (const [, from = '', , list = ''] of block.matchAll(/<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*\[([^\]]*)\]/g))
      for (const [index, to = ''] of (list.match(/[0-9A-Fa-f]+/g) ?? []).entries()) out.set(hex(from) + index, said(to))
    for (const [, from = '', to = '', first = ''] of block.matchAll(
      /<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g,
    ))
      for (let glyph = hex(from); glyph <= hex(to); glyph += 1)
        out.set(glyph, String.fromCodePoint(hex(first) + glyph - hex(from)))
  }
  return out
}

/** Words in the order in which they are drawn; each stretch of text on a line of its own. */
export function pdfText(pdf: Uint8Array): string {
  const things = thingsOf(Buffer.from(pdf))
  const fonts = new Map<string, Map<number, string>>()
  for (const { dictionary } of things.values())
    for (const [, block = ''] of dictionary.matchAll(/\/Font\s*<<([^>]*)>>/g))
      for (const [, name = '', number] of block.matchAll(/\/(\w+) (\d+) 0 R/g)) {
        const cmap = /\/ToUnicode (\d+) 0 R/.exec(things.get(Number(number))?.dictionary ?? '')?.[1]
        const stream = cmap === undefined ? null : things.get(Number(cmap))?.stream
        if (stream) fonts.set(name, mapOf(stream.toString('latin1')))
      }
  const lines: string[] = []
  for (const { stream, dictionary } of things.values()) {
    const content = stream && !dictionary.includes('/ObjStm') ? stream.toString('latin1') : ''
    if (!/\bBT\b/.test(content)) continue
    let map: Map<number, string> | undefined
    for (const { font, bytes } of drawn(content))
      if (font !== undefined) map = fonts.get(font)
      else lines.push(bytes === undefined ? '\n' : decoded(bytes, map))
  }
  return lines.join('')
}

/** What a content stream says of text: fonts that it chooses, strings that it shows, and ends of stretches. */
function* drawn(content: string): Iterable<{ font?: string; bytes?: Buffer }> {
  const token = /\/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]*)>|(\()|\b(ET)\b/g
  for (let found = token.exec(content); found; found = token.exec(content)) {
    const [, font, hex, opens] = found
    if (opens !== undefined) token.lastIndex = endOf(content, found.index)
    if (font !== undefined) yield { font }
    else if (hex !== undefined) yield { bytes: Buffer.from(hex, 'hex') }
    else yield opens === undefined ? {} : { bytes: literal(content.slice(found.index + 1, token.lastIndex - 1)) }
  }
}
/** Behind the parenthesis that closes a string: within it they are balanced or escaped. */
function endOf(content: string, begin: number): number {
  let depth = 0
  for (let at = begin; at < content.length; at += 1) {
    if (content[at] === '\\') at += 1
    else if (content[at] === '(') depth += 1
    else if (content[at] === ')') depth -= 1
    if (depth === 0) return at + 1
  }
  return content.length
}

const decoded = (bytes: Buffer, map: Map<number, string> | undefined): string => {
  let out = ''
  for (let at = 0; at + 1 < bytes.length; at += 2) out += map?.get(bytes.readUInt16BE(at)) ?? ''
  return out
}
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
const literal = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/\\([0-7]{1,3}|[\s\S])/g, (_, one: string) =>
      /^[0-7]/.test(one) ? String.fromCodePoint(Number.parseInt(one, 8)) : (ESCAPES[one] ?? one),
    ),
    'latin1',
  )
