/** A provider's price list: what is read of each line, and what is said of those that can't be. */
import { expect, test } from 'vitest'
import { readPriceList, saysSame } from './rules.ts'

const HEAD = 'kind,meter,attribute,value,per,unit,amount,currency'
const read = (...lines: string[]) => readPriceList([HEAD, ...lines].join('\n'), 'EUR')
const faults = (...lines: string[]) =>
  read(...lines).flatMap(({ line, faults: own }) => own.map((fault) => `${line}: ${fault}`))

test('a line is a price of one flavour, or of all others where it names none', () => {
  const [small, rest] = read(
    'vm,instance,flavor,m1.small,hour,instance,0.0125,EUR',
    'vm,instance,,,hour,instance,1,eur',
  )
  expect(small).toMatchObject({
    line: 2,
    faults: [],
    price: {
      kind: 'vm',
      meter: 'instance',
      model: 'per_unit',
      per: 'hour',
      unit: 'instance',
      amount: '0.0125',
      applies_to: { attribute: 'flavor', equals: 'm1.small' },
    },
  })
  expect([rest?.line, rest?.price?.applies_to]).toEqual([3, undefined])
})

test('columns stand in any order, and are divided by semicolons or tabs with decimal commas, too', () => {
  const text = '\uFEFFcurrency;amount;unit;per;meter;kind\r\nEUR;0,5;GiB;month;disk;volume\r\n\r\n'
  expect(readPriceList(text, 'EUR')).toMatchObject([
    { line: 2, price: { kind: 'volume', meter: 'disk', amount: '0.5' } },
  ])
  expect(readPriceList(text.replaceAll(';', '\t'), 'EUR')).toMatchObject([{ line: 2, price: { amount: '0.5' } }])
})

test('quoted cells hold what divides columns and lines, and lines are counted as an editor shows them', () => {
  const [odd, next] = read('vm,instance,flavor,"a ""b"",\nc",hour,instance,1,EUR', 'vm,instance,flavor,d,hour,x,1,USD')
  expect(odd?.price?.applies_to?.equals).toBe('a "b",\nc')
  expect([odd?.line, next?.line]).toEqual([2, 4])
})

test('what is wrong is told with its line and hides no other', () => {
  expect(
    faults(
      'vm,instance,flavor,a,hour,instance,1,EUR',
      'vm,instance,flavor,a,hour,instance,2,EUR',
      'vm,instance,flavor,,hour,instance,1,EUR',
      'vm,instance,flavor,b,hour,instance,1,USD',
      'vm,instance,flavor,c,hour,instance,-1,EUR',
      'vm,engine,flavor,d,hour,instance,1,EUR',
      'service,fee,,,month,service,1,EUR',
      'vm,instance,flavor,e,hour',
    ).map((fault) => fault.replace(/(Invalid option|must be a decimal).*/, '$1')),
  ).toEqual([
    '3: the same price stands in line 2',
    '4: attribute and value stand together, or neither',
    '5: currency must be EUR, that of the cost book, not USD',
    '6: amount must be a decimal',
    '7: meter Invalid option',
    '8: kind must be one of resources: what services cost is what their machines do',
    '9: has 5 columns, and the head has 8',
  ])
})

test('a head that is no head is told once', () => {
  const said = (csv: string) => readPriceList(csv, 'EUR').map(({ line, faults: own }) => [line, own])
  expect(said('')).toEqual([[1, ['the list is empty']]])
  expect(said(HEAD)).toEqual([[1, ['no price follows']]])
  expect(said(`${HEAD},flavour\nx`)).toEqual([[1, ['there is no column "flavour"']]])
  expect(said('kind,meter,per,unit,amount\nvm')).toEqual([[1, ['the column currency is missing']]])
})

test('a price that the book has already is known again, however its decimals are written', () => {
  const [row] = read('vm,instance,flavor,a,hour,instance,0.50,EUR')
  const version = { model: 'per_unit', per: 'hour', unit: 'instance', amount: '0.5', terms: null, gap_policy: 'infer' }
  expect(saysSame(version, row!.price!)).toBe(true)
  for (const change of [{ amount: '0.51' }, { per: 'month' }, { model: 'flat' }, { terms: { minimum: '1' } }])
    expect(saysSame({ ...version, ...change }, row!.price!)).toBe(false)
})
