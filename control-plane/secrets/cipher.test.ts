import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { keyIdOf, keyOf, keyText, NONCE_BYTES, readKeys, seal, unseal } from './cipher.ts'

const [first, second] = [keyOf(randomBytes(32)), keyOf(randomBytes(32))]
const PLACE = 'source/0198c5d0-0000-7000-8000-000000000000/password'
const nonce = () => randomBytes(NONCE_BYTES)
const sealed = seal(first, nonce(), PLACE, 'hunter2')

test('any JSON value comes back from its envelope, which names its key and holds nothing of it in the clear', () => {
  for (const value of ['hunter2', '', 'enc:v1:00000000:AAAA', 'ñ 🔑 \0', 7, null, { user: 'a', list: [1] }]) {
    const envelope = seal(first, nonce(), PLACE, value)
    expect(unseal([second, first], PLACE, envelope)).toEqual({ value })
    expect(keyIdOf(envelope)).toBe(first.id)
  }
  expect(sealed).toMatch(/^enc:v1:[0-9a-f]{8}:[A-Za-z0-9+/=]+$/)
  expect(Buffer.from(sealed.split(':')[3]!, 'base64').toString('latin1')).not.toContain('hunter2')
  expect(seal(first, nonce(), PLACE, 'hunter2')).not.toBe(sealed)
})

test('one flipped bit anywhere is refused', () => {
  const [kind, version, id, body] = sealed.split(':')
  const bytes = Buffer.from(body!, 'base64')
  for (const [at] of bytes.entries())
    for (const bit of [1, 128]) {
      const flipped = Buffer.from(bytes)
      flipped[at] = flipped[at]! ^ bit
      const envelope = [kind, version, id, flipped.toString('base64')].join(':')
      expect(unseal([first], PLACE, envelope), `byte ${at}`).toEqual({ why: 'altered' })
    }
})

test('moved to another source or field it is refused', () => {
  for (const place of [PLACE.replace('password', 'token'), PLACE.replace('0198', '0199'), ''])
    expect(unseal([first], place, sealed)).toEqual({ why: 'altered' })
})

test('another key opens nothing: the missing one is named; one that only has its name is found out', () => {
  expect(unseal([second], PLACE, sealed)).toEqual({ why: 'unknown_key', key_id: first.id })
  expect(unseal([], PLACE, sealed)).toEqual({ why: 'unknown_key', key_id: first.id })
  expect(unseal([{ ...second, id: first.id }], PLACE, sealed)).toEqual({ why: 'altered' })
})

test('what is no envelope is told as such', () => {
  const cut = sealed.slice(0, 'enc:v1:00000000:'.length + 36)
  for (const text of [
    '',
    'hunter2',
    'enc:v1:',
    'enc:v2:' + sealed.slice(7),
    'enc:v1:xyz:AAAA',
    cut,
    7,
    null,
    undefined,
  ])
    expect(unseal([first], PLACE, text)).toEqual({ why: 'malformed' })
})

test('keys are read from lines or commas, each once, the first first', () => {
  const text = `# a comment\n\n${keyText(second)}, ${keyText(first)}\n${keyText(second)}\n`
  expect(readKeys(text, 'here').map(({ id }) => id)).toEqual([second.id, first.id])
  expect(readKeys(first.bytes.toString('base64url'), 'here')).toEqual([first])
  expect(readKeys('# nothing\n', 'here')).toEqual([])
})

test('a key that is none is refused with a remedy, and never repeated', () => {
  const short = randomBytes(16).toString('base64')
  for (const wrong of [
    short,
    'correct horse battery staple',
    `${keyText(first)}x!`,
    Buffer.alloc(32).toString('base64'),
  ]) {
    let said = ''
    try {
      readKeys(`${keyText(second)}\n${wrong}`, 'ATALAYA_SECRET_KEY')
    } catch (error) {
      said = String(error)
    }
    expect(said).toMatch(/ATALAYA_SECRET_KEY: key \d of \d .*head -c 32 \/dev\/urandom \| base64/)
    for (const word of wrong.split(' ')) expect(said).not.toContain(word)
  }
})
