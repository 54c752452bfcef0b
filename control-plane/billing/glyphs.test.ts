import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { charactersOf, drawable, FACES } from './glyphs.ts'

const fonts = FACES.map((face) => charactersOf(readFileSync(face)))

test('what the fonts draw stays as it is, and the rest stands as a box', () => {
  expect(drawable('Muñoz & Søn, Łódź ‘€’ Ωμέγα Юля\n→', fonts)).toBe('Muñoz & Søn, Łódź ‘€’ Ωμέγα Юля\n→')
  expect(drawable('中文 GmbH 😀', fonts)).toBe('□□ GmbH □')
  expect(drawable('a\u0000b\u0007\uD800c\uE000', fonts)).toBe('a□b□□c□')
  // what only joins or turns others is left out, where the fonts don't have it
  expect(drawable('x\u{E0001}y', fonts)).toBe('xy')
})

test('any text comes out as the fonts can draw it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const made = drawable(text, fonts)
      expect(drawable(made, fonts)).toBe(made)
      for (const one of made.replaceAll(/[\n\t ]/g, ''))
        expect(fonts.every((has) => has(one.codePointAt(0)!))).toBe(true)
    }),
  )
})
