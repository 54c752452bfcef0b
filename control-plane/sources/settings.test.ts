import { expect, test } from 'vitest'
import { Manifest } from '#connectors/contract.ts'
import { Problem } from '../base/problem.ts'
import { checkSettings, HIDDEN, hideSecrets, keepSecrets, maskSecrets, secretNames } from './settings.ts'

const manifest = Manifest.parse({
  name: 'example',
  version: '1',
  title: 'Example',
  description: 'An example',
  realm: 'the name of the cluster',
  kinds: ['vm'],
  metrics: [],
  supports: '1 to 2',
  permissions: 'read',
  default_interval_ms: 10_000,
  settings: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      uri: { type: 'string', minLength: 3 },
      port: { type: 'integer', minimum: 1, maximum: 65_535, default: 22 },
      password: { type: 'string' },
    },
    required: ['uri'],
  },
  secrets: ['password'],
})

const kept = { secrets: manifest.secrets, schema: manifest.settings }

const pointers = (settings: Record<string, unknown>): string[] => {
  try {
    checkSettings(manifest, settings)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(Problem)
    expect((error as Problem).code).toBe('bad_settings')
    return (error as Problem).errors.map(({ pointer }) => pointer)
  }
}

test('right settings pass and get the defaults of the manifest', () => {
  expect(checkSettings(manifest, { uri: 'qemu:///system' })).toEqual({ uri: 'qemu:///system', port: 22 })
})

test('a wrong type, a missing field and a misspelt name are each named', () => {
  expect(pointers({ uri: 7 })).toEqual(['/settings/uri'])
  expect(pointers({})).toEqual(['/settings/uri'])
  expect(pointers({ uri: 'abc', port: 70_000 })).toEqual(['/settings/port'])
  expect(pointers({ uri: 'abc', pasword: 'x' })).toEqual(['/settings/pasword'])
})

test('a schema that can’t be read is a problem of the settings, not a crash', () => {
  const odd = { ...manifest, settings: { $ref: 'https://elsewhere.example/schema' } }
  expect(() => checkSettings(odd, {})).toThrow(Problem)
})

test('a secret is never shown, and comes back unchanged', () => {
  const stored = { uri: 'abc', password: 'secret' }
  const shown = hideSecrets(stored, manifest.secrets)
  expect(shown).toEqual({ uri: 'abc', password: HIDDEN })
  expect(keepSecrets({ ...shown, uri: 'def' }, stored, kept)).toEqual({ uri: 'def', password: 'secret' })
})

test('a hidden secret that was never set is left out, a new one is taken', () => {
  expect(keepSecrets({ password: HIDDEN }, {}, kept)).toEqual({})
  expect(keepSecrets({ password: 'new' }, { password: 'old' }, kept)).toEqual({ password: 'new' })
})

test('a secret that was entered for one address is not sent to another unless it is entered again', () => {
  const stored = { url: 'https://a.test', addresses: ['b', 'c'], note: '', password: 'secret' }
  const schema = {
    type: 'object',
    properties: {
      url: { type: 'string', format: 'uri' },
      nodes: { type: 'array', items: { type: 'string', format: 'uri' } },
      addresses: { type: 'array', items: { type: 'string' }, destination: true },
      note: { type: 'string' },
      password: { type: 'string' },
    },
  }
  const change = (sent: object) =>
    keepSecrets({ ...stored, password: HIDDEN, ...sent }, stored, { secrets: ['password'], schema })
  for (const elsewhere of [
    { url: 'https://evil.test' },
    { addresses: ['b', 'evil'] },
    { nodes: ['https://evil.test'] },
  ])
    expect(() => change(elsewhere)).toThrow(
      expect.objectContaining({
        code: 'bad_settings',
        errors: [expect.objectContaining({ pointer: '/settings/password' })],
      }),
    )
  expect(change({ note: 'x', addresses: ['c'] })).toMatchObject({ password: 'secret' })
  expect(change({ url: 'https://evil.test', password: 'new' })).toMatchObject({ password: 'new' })
})

test('secret is what is named so now or was sealed before, if there is something to hide', () => {
  const settings = { uri: 'a', password: 'b', token: '', old: 'c' }
  expect(secretNames(settings, ['password', 'token', 'absent'], ['old', 'password'])).toEqual(['password', 'old'])
})

test('a text that repeats a secret shows it in no form; short words stay', () => {
  const secret = 'p&ss "$&" wörd'
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret), Buffer.from(secret).toString('base64')]
  for (const form of forms) {
    const masked = maskSecrets(`refused: ${form}!`, [secret, 'ref', 7, null])
    expect(masked).toMatch(/^refused: "?•••"?!$/)
  }
})
