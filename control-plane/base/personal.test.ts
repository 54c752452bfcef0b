import { expect, test } from 'vitest'
import { erasedName, peopleIn, personalText, pseudonymOf, readPersonal, replacePersonal } from './personal.ts'

const [A, B] = ['0198c5d0-0000-7000-8000-0000000000aa', '0198c5d0-0000-7000-8000-0000000000bb']
const ENVELOPE = 'enc:v1:01234567:AAAA'
const of = (id: string) => personalText(id, ENVELOPE)

test('what names a person says whose it is, and nothing else is taken for it', () => {
  expect(readPersonal(of(A))).toEqual({ person_id: A, envelope: ENVELOPE })
  for (const text of ['Ana', 'person:', `person:${A}`, `${of(A)} `, ` ${of(A)}`, of('x'), ENVELOPE, 7, null, undefined])
    expect(readPersonal(text)).toBeNull()
})

test('people are found however deep, once each, and nothing but their texts is replaced', () => {
  const at = new Date(0)
  const value = { by: of(A), list: [{ by: of(B) }, of(A), 'Ana', null, 7n], at, none: undefined }
  expect(peopleIn(value)).toEqual(new Set([A, B]))
  const shown = replacePersonal(value, ({ person_id }) => pseudonymOf(person_id))
  expect(shown).toEqual({
    by: 'person 000000aa',
    list: [{ by: 'person 000000bb' }, 'person 000000aa', 'Ana', null, 7n],
    at,
    none: undefined,
  })
  // what is more than an object of data goes through as it is
  expect(shown.at).toBe(at)
  const headers = new Headers({ name: of(A) })
  expect(replacePersonal({ headers }, () => '')).toEqual({ headers })
})

test('two who were erased are told apart, though they came within a minute', () => {
  expect(erasedName(A)).not.toBe(erasedName(B))
})
