import { expect, test } from 'vitest'
import { addressBehind, proxiesOf } from './address.ts'

test('what a caller says of himself is believed of nobody but a trusted proxy', () => {
  expect(addressBehind('203.0.113.9', '198.51.100.1', proxiesOf(''))).toBe('203.0.113.9')
  expect(addressBehind('203.0.113.9', '198.51.100.1', proxiesOf('10.0.0.0/8'))).toBe('203.0.113.9')
})

test('behind trusted proxies the caller is the last one whom none of them vouches for', () => {
  const proxies = proxiesOf('10.0.0.0/8, 2001:db8::/32')
  expect(addressBehind('10.1.2.3', '1.1.1.1, 198.51.100.1, 10.9.9.9', proxies)).toBe('198.51.100.1')
  expect(addressBehind('::ffff:10.1.2.3', '198.51.100.1', proxies)).toBe('198.51.100.1')
  expect(addressBehind('2001:db8::5', 'made up, 2001:db9::1', proxies)).toBe('2001:db9::1')
})

test('a chain that says nothing, or nonsense, leaves the last proxy', () => {
  const proxies = proxiesOf('10.0.0.0/8')
  expect(addressBehind('10.1.2.3', undefined, proxies)).toBe('10.1.2.3')
  expect(addressBehind('10.1.2.3', '198.51.100.1, nonsense', proxies)).toBe('10.1.2.3')
})

test('networks that are none are named', () => {
  for (const wrong of ['10.0.0.0/33', '10.0.0.0/', 'everybody', '2001:db8::/129', '1.2.3.4/8/9'])
    expect(() => proxiesOf(`127.0.0.1, ${wrong}`)).toThrow(`names "${wrong}"`)
})
