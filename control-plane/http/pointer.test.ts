import { expect, test } from 'vitest'
import { z } from 'zod'
import { fieldErrors } from './pointer.ts'

const errorsOf = (schema: z.ZodType, value: unknown, base?: string) =>
  fieldErrors(schema.safeParse(value).error?.issues ?? [], base)

test('a wrong field deep inside is pointed at, with its name escaped', () => {
  const schema = z.object({ 'a/b': z.array(z.object({ 'c~d': z.string() })) })
  expect(errorsOf(schema, { 'a/b': [{ 'c~d': 1 }] })).toMatchObject([{ pointer: '/a~1b/0/c~0d' }])
})

test('each unknown field is named by itself', () => {
  const pointers = errorsOf(z.strictObject({}), { one: 1, two: 2 }, '/settings').map(({ pointer }) => pointer)
  expect(pointers).toEqual(['/settings/one', '/settings/two'])
})

test('an error of the whole points at the whole', () => {
  expect(errorsOf(z.string(), 7)).toMatchObject([{ pointer: '/' }])
})
