/** The text of a PDF as a reader would copy it: from the file's own bytes, by its fonts' tables from glyphs to characters. */
import { inflateSync } from 'node:zlib'

interface Part {
  head: string
  /** inflated */
  body: Buffer
}

/** Objects by number; those with a stream hold it inflated. https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf */
function objectsOf(pdf: Buffer): Map<number, Part> {
  const text = pdf.toString('latin1')
  const out = new Map<number, Part>()
  for (const { 1: number = '', index } of text.matchAll(/(?:^|[\r\n])(\d+) 0 obj\b/g)) {
    const end = text.indexOf('endobj', index)
    const stream = text.indexOf('stream', index)
    const hasStream = stream > 0 && stream < end
    const head = text.slice(index, hasStream ? stream : end)
    const from = hasStream ? stream + (text[stream + 6] === '\r' ? 8 : 7) : end
    const length = Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0)
    const raw = pdf.subarray(from, from + length)
    out.set(Number(number), { head, body: hasStream && head.includes('/FlateDecode') ? inflateSync(raw) : raw })
  }
  for (const { head, body } of out.values())
    if (head.includes('/ObjStm')) for (const [number, part] of packed(head, body)) out.set(number, part)
  return out
}

function* packed(head: string, body: Buffer): Generator<[number, Part]> {
  const first = Number(/\/First (\d+)/.exec(head)?.[1])
  const numbers = body.toString('latin1', 0, first).trim().split(/\s+/).map(Number)
  for (let at = 0; at < numbers.length; at += 2) {
    const [number = 0, from = 0, to] = [numbers[at], numbers[at + 1], numbers[at + 3]]
    const text = body.toString('latin1', first + from, to === undefined ? undefined : first + to)
    yield [number, { head: text, body: Buffer.alloc(0) }]
  }
}

/** Glyph → characters, from a font's ToUnicode table. */
function tableOf(body: Buffer): Map<string, string> {
  const text = body.toString('latin1')
  const out = new Map<string, string>()
  const chars = (hex: string) => Buffer.from(hex, 'hex').swap16().toString('utf16le')
  for (const [, block = ''] of text.matchAll(/beginbfchar([^]*?)endbfchar/g))
    for (const [, from = '', to = ''] of block.matchAll(/<([0-9a-f]+)>\s*<([0-9a-f]+)>/gi))
      out.set(from.toLowerCase(), chars(to))
  for (const [, block = ''] of text.matchAll(/beginbfrange([^]*?)endbfrange/g))
    for (const [, from = '', to = '', first = ''] of block.matchAll(/<([0-9a-f]+)>\s*<([0-9a-f]+)>\s*<([0-9a-f]+)>/gi))
      for (let glyph = parseInt(from, 16); glyph <= parseInt(to, 16); glyph += 1) {
        const code = parseInt(first, 16) + glyph - parseInt(from, 16)
        out.set(glyph.toString(16).padStart(4, '0'), String.fromCharCode(code))
      }
  return out
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
const unescaped = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/\\([0-7]{1,3}|[^])/g, (_all, code: string) =>
      /[0-7]/.test(code) ? String.fromCharCode(parseInt(code, 8)) : (ESCAPES[code] ?? code),
    ),
    'latin1',
  )

/** Pieces of text in the order in which the pages draw them, each by itself. */
export function pdfText(bytes: Uint8Array): string[] {
  const objects = objectsOf(Buffer.from(bytes))
  const fonts = new Map<string, Map<string, string>>()
  for (const { head } of objects.values())
    for (const [, fontNames = ''] of head.matchAll(/\/Font\s*<<([^>]*)>>/g))
      for (const [, name = '', number = ''] of fontNames.matchAll(/\/(\S+) (\d+) 0 R/g)) {
        const table = /\/ToUnicode (\d+) 0 R/.exec(objects.get(Number(number))?.head ?? '')?.[1]
        const body = objects.get(Number(table))?.body
        if (body) fonts.set(name, tableOf(body))
      }
  const pages = [...objects.values()].filter(({ head }) => /\/Type\s*\/Page\b/.test(head))
  return pages.flatMap(({ head }) => {
    const contents = objects.get(Number(/\/Contents (\d+) 0 R/.exec(head)?.[1]))
    return contents ? drawn(contents.body.toString('latin1'), fonts) : []
  })
}

/** Parentheses in pairs need no escape: glyphs 28 and 29 come as they are. */
const nested = (depth: number): string =>
  String.raw`(?:\\[^]|[^\\()]${depth === 0 ? '' : String.raw`|\(${nested(depth - 1)}\)`})*`
const TOKEN = new RegExp(String.raw`/(\S+) [\d.]+ Tf|(BT)|(ET)|<([0-9a-f]*)>|\((${nested(6)})\)`, 'gi')
function drawn(content: string, fonts: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] {
  const out: string[] = []
  let [table, piece]: [ReadonlyMap<string, string> | undefined, string] = [undefined, '']
  for (const [, font, begin, end, hex, literal] of content.matchAll(TOKEN)) {
    if (font !== undefined) table = fonts.get(font)
    if (begin !== undefined) piece = ''
    const glyphs = hex ?? (literal === undefined ? undefined : unescaped(literal).toString('hex'))
    for (const glyph of glyphs?.toLowerCase().match(/.{4}/g) ?? []) piece += table?.get(glyph) ?? '\uFFFD'
    if (end !== undefined) out.push(piece)
  }
  return out
}
