/** Quantities are read exactly, whatever form they have. */
import { expect, test } from 'vitest'
import { ConnectorError } from '#connectors/contract.ts'
import { quantity } from './quantity.ts'

test('each form of a quantity is the number that Kubernetes means, to the last unit', () => {
  const said: [string | number, 0 | 3 | 9, bigint][] = [
    ['0', 3, 0n],
    ['1', 3, 1_000n],
    [2, 3, 2_000n],
    ['100m', 3, 100n],
    ['0.5', 3, 500n],
    ['.5', 3, 500n],
    ['1.', 3, 1_000n],
    ['1234567891n', 9, 1_234_567_891n],
    ['500u', 9, 500_000n],
    ['128Mi', 0, 134_217_728n],
    ['1.5Gi', 0, 1_610_612_736n],
    ['64M', 0, 64_000_000n],
    ['12e6', 0, 12_000_000n],
    ['12E6', 0, 12_000_000n],
    ['1E', 0, 10n ** 18n],
    ['15Ei', 0, 15n * 2n ** 60n],
    ['9007199254740993', 0, 9_007_199_254_740_993n],
  ]
  for (const [text, digits, expected] of said) expect(quantity(text, digits, 'it'), String(text)).toBe(expected)
})

test('what is finer than the unit is rounded up, as the scheduler does', () => {
  expect(quantity('1n', 3, 'it')).toBe(1n)
  expect(quantity('1001u', 3, 'it')).toBe(2n)
  expect(quantity('128974848001m', 0, 'it')).toBe(128_974_849n)
  expect(quantity('1e-3', 0, 'it')).toBe(1n)
})

test('what is no quantity is an error that names it, never a guess', () => {
  for (const wrong of ['', 'm', '1 Gi', '1KiB', '1K', '0x10', '1e', 'NaN', '--1', null, {}, [], true, '16Ei', '1e400'])
    expect(() => quantity(wrong, 0, 'spec.cpu'), String(wrong)).toThrow(ConnectorError)
  expect(() => quantity('many', 3, 'requests.cpu')).toThrow('requests.cpu is no quantity')
})
