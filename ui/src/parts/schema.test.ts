import { expect, test } from 'vitest'
import { fieldsOf, initialTyped, isFilled, settingsOf } from './schema.ts'

const schema = {
  type: 'object',
  required: ['uris'],
  properties: {
    uris: { type: 'array', items: { type: 'string' }, title: 'Connection URIs' },
    read_counters: { type: 'boolean', default: true },
    mode: { enum: ['a', 'b'], default: 'a' },
    timeout_s: { type: 'integer', minimum: 1, maximum: 60, default: 20 },
    password: { type: 'string' },
    labels: { type: 'object' },
  },
}

test('each kind of setting has its own field', () => {
  const fields = fieldsOf(schema, ['password'])
  expect(fields.map((field) => field.kind)).toEqual(['lines', 'boolean', 'choice', 'whole', 'secret', 'json'])
  expect(fields[1]?.label).toBe('Read counters')
  expect(fields[3]).toMatchObject({ min: 1, max: 60, initial: '20' })
})

test('what is typed becomes values of the right type, and empty fields are left out', () => {
  const fields = fieldsOf(schema, ['password'])
  const typed = { ...initialTyped(fields), uris: ' qemu:///system \n\nqemu+ssh://hv/system' }
  expect(settingsOf(fields, typed)).toEqual({
    uris: ['qemu:///system', 'qemu+ssh://hv/system'],
    read_counters: true,
    mode: 'a',
    timeout_s: 20,
  })
})

test('a required setting that is empty keeps the form from being sent', () => {
  const fields = fieldsOf(schema, [])
  expect(isFilled(fields, initialTyped(fields))).toBe(false)
  expect(isFilled(fields, { ...initialTyped(fields), uris: 'x' })).toBe(true)
})
