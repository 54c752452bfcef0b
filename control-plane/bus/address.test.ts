import { expect, test } from 'vitest'
import { readAddress } from './address.ts'

test('credentials are taken out of the address, decoded, and never left in a server name', () => {
  expect(readAddress('nats://control-plane:p%40ss@127.0.0.1:4222')).toEqual({
    servers: ['nats://127.0.0.1:4222'],
    user: 'control-plane',
    pass: 'p@ss',
  })
})

test('a user without a password is a token', () => {
  expect(readAddress('nats://secret@host')).toEqual({ servers: ['nats://host'], token: 'secret' })
})

test('a cluster is a comma-separated list, with or without a scheme', () => {
  expect(readAddress('a:4222, tls://b:4223').servers).toEqual(['nats://a:4222', 'tls://b:4223'])
})

test('what is no address is refused without repeating the password in it', () => {
  const read = () => readAddress('nats://control:hunter2@no host')
  expect(read).toThrow(/not valid/)
  expect(read).not.toThrow(/hunter2/)
})
