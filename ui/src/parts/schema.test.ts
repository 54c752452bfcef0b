import { expect, test } from 'vitest'
import { fieldsOf, initialTyped, isFilled, placeOf, rowsOf, settingsOf, typedOf } from './schema.ts'

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

test('what must be filled in stands before what may be left empty', () => {
  const text = { type: 'string' }
  const stored = { required: ['urls', 'token'], properties: { ca: text, urls: text, pools: text, token: text } }
  expect(fieldsOf(stored, []).map(({ name }) => name)).toEqual(['urls', 'token', 'ca', 'pools'])
})

test('a text of several lines, secret or not, and what a value looks like are told by the schema', () => {
  const area = { type: 'string', format: 'textarea', examples: ['-----BEGIN'] }
  const fields = fieldsOf(
    {
      properties: { ca: area, kubeconfig: area, urls: { type: 'array', items: { type: 'string' }, examples: [['a']] } },
    },
    ['kubeconfig'],
  )
  expect(fields.map(({ kind, isLong, example }) => [kind, isLong, example])).toEqual([
    ['area', true, '-----BEGIN'],
    ['secret', true, '-----BEGIN'],
    ['lines', false, 'a'],
  ])
})

test('an error of one element of a list stands at its row, though empty rows are not sent', () => {
  const rows = rowsOf('a\n\nb\n')
  expect(rows).toEqual(['a', '', 'b', ''])
  expect(rows.map((_row, index) => placeOf(rows, index))).toEqual([0, null, 1, null])
  expect(rowsOf(undefined)).toEqual([''])
})

test('stored settings come back into the form and out of it as they were', () => {
  const fields = fieldsOf(schema, ['password'])
  const settings = {
    uris: ['a', 'b'],
    read_counters: false,
    mode: 'b',
    timeout_s: 5,
    password: '•••',
    labels: { x: 1 },
  }
  expect(settingsOf(fields, typedOf(fields, settings))).toEqual(settings)
})
