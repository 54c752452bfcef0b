/** What the fonts of documents can draw: PDF/A refuses text without a glyph, and a document must never fail for a name on it. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { assert } from '../base/problem.ts'

const FONTS = dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/inter/package.json'))
export const FACES = ['400Regular/Inter_400Regular', '600SemiBold/Inter_600SemiBold'].map((face) =>
  join(FONTS, `${face}.ttf`),
)

/** Stands for what no font of ours draws. */
const INSTEAD = '\u{25A1}'
/** What guides other characters and is seen of itself by nobody: left out. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/u
/** Typst sets these itself. */
const SPACES = new Set(['\n', '\t', ' '])
/** Control characters, halves of pairs, and what has no meaning of its own: fonts may have glyphs for them, PDF/A has no text. */
const MEANINGLESS = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}]/u

/** Every font has these, and most text is nothing else. */
const PLAIN = /^[ -~]*$/

type Has = (code: number) => boolean

/** The characters of a font, by its table `cmap` in format 12 (https://learn.microsoft.com/typography/opentype/spec/cmap). */
export function charactersOf(font: Uint8Array): Has {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength)
  const tags = Array.from({ length: view.getUint16(4) }, (_, index) => 12 + 16 * index)
  const record = tags.find((at) => view.getUint32(at) === 0x636d6170)
  assert(record, 'the font has a table cmap')
  const cmap = view.getUint32(record + 8)
  const tables = Array.from({ length: view.getUint16(cmap + 2) }, (_, index) => cmap + 4 + 8 * index)
  const table = tables.map((at) => cmap + view.getUint32(at + 4)).find((at) => view.getUint16(at) === 12)
  assert(table, 'the font maps all of Unicode')
  const ranges = Array.from({ length: view.getUint32(table + 12) }, (_, index) => {
    const at = table + 16 + 12 * index
    // glyph 0 is the one of what is missing
    return { from: view.getUint32(at) + (view.getUint32(at + 8) === 0 ? 1 : 0), to: view.getUint32(at + 4) }
  })
  return (code) => ranges.some(({ from, to }) => from <= code && code <= to)
}

/** The text as all of these fonts can draw it: the same where they can. */
export function drawable(text: string, fonts: readonly Has[]): string {
  if (PLAIN.test(text)) return text
  const draws = (one: string) =>
    SPACES.has(one) || (!MEANINGLESS.test(one) && fonts.every((has) => has(one.codePointAt(0) ?? 0)))
  return [...text.normalize('NFC')].map((one) => (draws(one) ? one : UNSEEN.test(one) ? '' : INSTEAD)).join('')
}
