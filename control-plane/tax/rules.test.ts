/** Which tax is due, rule by rule with its source, and what holds whoever buys what where. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { taxErrors } from '../accounts/rules.ts'
import { FIXED, TaxClass, type TaxSetting } from './contract.ts'
import { isMember, MEMBER_STATES, STANDARD_RATES, vatCountry } from './eu.ts'
import { reasonOf, settingErrors, type Supply, taxFor } from './rules.ts'

const rates: TaxSetting['rates'] = [
  ...MEMBER_STATES.map((country) => ({
    country,
    tax_class: 'standard' as const,
    rate: STANDARD_RATES[country]!,
    from: '2020-01-01',
  })),
  { country: 'ES', tax_class: 'reduced', rate: '10.00', from: '2020-01-01' },
  { country: 'EE', tax_class: 'standard', rate: '22.00', from: '2019-01-01' },
  { country: 'EE', tax_class: 'standard', rate: '25.00', from: '2027-01-01' },
]
const BY_PLACE: TaxSetting = { mode: 'by_place', one_stop_shop: true, exempt_reason: null, rates }
const ES = { tax_category: 'S', tax_rate: '21.00', country: 'ES' } as const
const supply = (over: Partial<Supply['buyer']> = {}, setting = BY_PLACE, date = '2026-11-30'): Supply => ({
  setting,
  seller: ES,
  buyer: { country: 'ES', status: 'consumer', valid_vat_country: null, ...over },
  date,
})
const said = (...of: Parameters<typeof taxFor>) => {
  const { tax_category, tax_rate } = taxFor(...of)
  return `${tax_category} ${tax_rate}`
}

test('at home the class decides, and a business is taxed like anybody', () => {
  for (const buyer of [{}, { status: 'business', valid_vat_country: 'ES' }] as const)
    expect(TaxClass.options.map((one) => said(supply(buyer), one))).toEqual([
      'S 21.00',
      'S 10.00',
      'Z 0.00',
      'E 0.00',
      'O 0.00',
    ])
})

test('a business of another member state with a valid VAT id owes the tax itself (Art. 196)', () => {
  const buyer = { country: 'DE', status: 'business', valid_vat_country: 'DE' } as const
  expect(said(supply(buyer), 'standard')).toBe('AE 0.00')
  expect(reasonOf('AE', FIXED)).toMatchObject({ code: 'VATEX-EU-AE', text: { en: 'Reverse charge' } })
  // Art. 18 of Regulation 282/2011: without one he is a consumer; the seller's own state reverses nothing
  expect(said(supply({ ...buyer, valid_vat_country: null }), 'standard')).toBe('S 19.00')
  expect(said(supply({ ...buyer, status: 'consumer' }), 'standard')).toBe('S 19.00')
  expect(said(supply({ ...buyer, valid_vat_country: 'ES' }), 'standard')).toBe('S 19.00')
  expect(said(supply(buyer), 'exempt')).toBe('E 0.00')
})

test('a consumer of another member state pays the rate of his country (Art. 58), below the threshold that of the seller (Art. 59c)', () => {
  expect(said(supply({ country: 'HU' }), 'standard')).toBe('S 27.00')
  // what is reduced or zero at home isn't there
  expect([said(supply({ country: 'HU' }), 'reduced'), said(supply({ country: 'HU' }), 'zero')]).toEqual([
    'S 27.00',
    'S 27.00',
  ])
  const below = { ...BY_PLACE, one_stop_shop: false }
  expect([said(supply({ country: 'HU' }, below), 'standard'), said(supply({ country: 'HU' }, below), 'zero')]).toEqual([
    'S 21.00',
    'Z 0.00',
  ])
})

test('a rate holds from its day on', () => {
  const on = (date: string) => said(supply({ country: 'EE' }, BY_PLACE, date), 'standard')
  expect(['2018-05-01', '2019-12-31', '2020-01-01', '2026-12-31', '2027-01-01'].map(on)).toEqual([
    'S 22.00',
    'S 22.00',
    'S 24.00',
    'S 24.00',
    'S 25.00',
  ])
})

test('outside the EU it is outside the scope of its tax (Art. 44, 58, 59), which is O and no export of goods; Monaco is France', () => {
  for (const country of ['US', 'GB', 'CH', 'XI', 'NO']) expect(said(supply({ country }), 'standard')).toBe('O 0.00')
  expect(reasonOf('O', FIXED)?.code).toBe('VATEX-EU-O')
  expect(said(supply({ country: 'MC' }), 'standard')).toBe('S 20.00')
})

test('whoever buys what where: a rate above zero is S alone, a reason is there where there is none, and the class outside is O', () => {
  const countries = [...MEMBER_STATES, 'US', 'CH', 'GB', 'MC', 'XI', 'JP']
  const buyer = fc.record({
    country: fc.constantFrom(...countries),
    status: fc.constantFrom('consumer' as const, 'business' as const),
    valid_vat_country: fc.constantFrom(null, ...MEMBER_STATES),
  })
  fc.assert(
    fc.property(
      buyer,
      fc.constantFrom(...MEMBER_STATES),
      fc.boolean(),
      fc.constantFrom(...TaxClass.options),
      (who, home, shop, one) => {
        const seller = { ...ES, country: home }
        const setting = { ...BY_PLACE, one_stop_shop: shop }
        expect(settingErrors(setting, home)).toEqual([])
        const made = taxFor({ setting, seller, buyer: who, date: '2026-11-30' }, one)
        const { tax_category: category } = made
        expect(taxErrors(made)).toEqual([])
        expect(reasonOf(category, setting) === null).toBe(category === 'S' || category === 'Z')
        // services are neither goods within the EU nor goods that leave it
        expect(['K', 'G']).not.toContain(category)
        if (one === 'outside') expect(category).toBe('O')
        else expect(category === 'O').toBe(!isMember(who.country))
        const isHome = vatCountry(home) === vatCountry(who.country)
        if (category === 'AE')
          expect([isHome, who.status, who.valid_vat_country === home]).toEqual([false, 'business', false])
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a company with one tax charges it whatever and to whomever it sells', () => {
  for (const one of TaxClass.options)
    expect(taxFor(supply({ country: 'US', status: 'business' }, FIXED), one)).toEqual({
      tax_category: 'S',
      tax_rate: '21.00',
    })
})

test('a setting that leaves a country without a rate is refused', () => {
  expect(settingErrors({ ...BY_PLACE, rates: [] }, 'ES')).toHaveLength(1)
  expect(
    settingErrors({ ...BY_PLACE, one_stop_shop: false, rates: rates.filter((one) => one.country === 'ES') }, 'ES'),
  ).toEqual([])
  expect(settingErrors(BY_PLACE, 'US')).toMatchObject([{ pointer: '/mode' }])
  expect(settingErrors({ ...BY_PLACE, rates: [...rates, rates[0]!] }, 'ES')).toMatchObject([
    { detail: expect.stringContaining('twice') },
  ])
  expect(settingErrors({ ...BY_PLACE, rates: rates.filter((one) => one.country !== 'FR') }, 'ES')[0]!.detail).toContain(
    'FR',
  )
})
