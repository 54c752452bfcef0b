/** Prices from the dialog to the list, in both languages and narrow: a graduated one by keyboard, with rows, faults in place and the calculator; a percentile. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf } from './faults.ts'
import { type Product, signedIn, startProduct, watch } from './product.ts'

const WORDS = {
  en: {
    locale: 'en-GB',
    meter: 'disk',
    kind: 'Kind',
    meterLabel: 'Meter',
    model: 'Graduated tiers',
    upTo: /^Up to/,
    unit: /^EUR per/,
    tier: 'Tier',
    add: 'Add a tier',
    remove: 'Remove tier 3',
    notAbove: 'Must be above the one before it',
    try: /^Try a quantity/,
    save: 'Save',
    summary: /^0–100\sGB\s·\sh\sfree,\s100–500\sGB\s·\sh\s.*0\.02\/GB\s·\sh,\sthen\s.*0\.01\/GB\s·\sh$/,
    extras: 'Allowance, minimum and maximum',
    minimum: /^At least/,
    atLeast: /^at least .*3/,
    percentile: /rank ⌈0\.95 n⌉/,
    whole: 'The whole month',
    rate: /per\sMbit\/s\sper month$/,
  },
  es: {
    locale: 'es-ES',
    meter: 'memory',
    kind: 'Tipo',
    meterLabel: 'Medidor',
    model: 'Tramos graduales',
    upTo: /^Hasta/,
    unit: /^EUR por/,
    tier: 'Tramo',
    add: 'Añadir un tramo',
    remove: 'Quitar el tramo 3',
    notAbove: 'Debe ser mayor que el anterior',
    try: /^Pruebe una cantidad/,
    save: 'Guardar',
    summary: /^0–100 .* gratis, 100–500 .*0,02.*, después .*0,01.*$/,
    extras: 'Cantidad incluida, mínimo y máximo',
    minimum: /^Como mínimo/,
    atLeast: /^mínimo .*3/,
    percentile: /rango ⌈0,95 n⌉/,
    whole: 'El mes entero',
    rate: /por\sMbit\/s\spor mes$/,
  },
} as const

let suite: Suite
let product: Product
beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
}, 180_000)
afterAll(() => suite.end())

type Words = (typeof WORDS)[keyof typeof WORDS]
const row = (page: Page, { tier }: Words, number: number) =>
  page.getByRole('dialog').getByRole('group', { name: `${tier} ${number}`, exact: true })

async function fill(page: Page, words: Words): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(words.kind, { exact: true }).selectOption('host')
  await dialog.getByLabel(words.meterLabel, { exact: true }).selectOption(words.meter)
  await dialog.getByText(words.model, { exact: true }).click()
  await dialog.locator('select').nth(2).selectOption('GB')
  await row(page, words, 1).getByLabel(words.upTo).fill('100')
  await row(page, words, 1).getByLabel(words.unit).fill('0')
  await row(page, words, 2).getByLabel(words.unit).fill('0.01')
  // a row is added before the last one by keyboard, and is where one goes on typing
  await dialog.getByRole('button', { name: words.add }).press('Enter')
  await expect
    .poll(() =>
      row(page, words, 2)
        .getByLabel(words.upTo)
        .evaluate((input) => input === document.activeElement),
    )
    .toBe(true)
  await page.keyboard.type('50')
  await dialog.getByText(words.notAbove).waitFor()
  await row(page, words, 2).getByLabel(words.upTo).fill('500')
  await row(page, words, 2).getByLabel(words.unit).fill('0,02')
  await dialog.getByText(words.notAbove).waitFor({ state: 'detached' })
}

for (const [language, width] of [
  ['en', 1440],
  ['es', 360],
] as const)
  test(`a graduated price is made, tried and listed, ${language}, ${width} px`, async (context) => {
    skipWithoutBrowser(context)
    const words = WORDS[language]
    const page = await signedIn(product, {
      locale: words.locale,
      viewport: { width, height: 900 },
      colorScheme: language === 'es' ? 'dark' : 'light',
    })
    const complaints = watch(page)
    await page.goto(`${product.origin}/prices?set=1`)
    await fill(page, words)
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: words.add }).click()
    await dialog.getByRole('button', { name: words.remove }).click()
    expect(await dialog.locator('[data-row]').count()).toBe(3)
    await dialog.getByText(words.extras).click()
    await dialog.getByLabel(words.minimum).fill('3')
    // 400 × 0.02 and 100 × 0.01
    await dialog.getByLabel(words.try).fill('600')
    await dialog.getByText(/9[.,]00/).waitFor()
    expect(await faultsOf(page)).toEqual([])
    await dialog.getByRole('button', { name: words.save }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.goto(`${product.origin}/prices`)
    await page.getByText(words.summary).first().waitFor()
    await page.getByText(words.atLeast).first().waitFor()
    expect(await faultsOf(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })

for (const [language, width] of [
  ['en', 360],
  ['es', 1440],
] as const)
  test(`the 95th percentile is sold by the month in rates, with its convention beside it, ${language}, ${width} px`, async (context) => {
    skipWithoutBrowser(context)
    const words = WORDS[language]
    const page = await signedIn(product, {
      locale: words.locale,
      viewport: { width, height: 900 },
      colorScheme: language === 'es' ? 'dark' : 'light',
    })
    const complaints = watch(page)
    await page.goto(`${product.origin}/prices?set=1`)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.kind, { exact: true }).selectOption(language === 'en' ? 'host' : 'vm')
    await dialog.getByLabel(words.meterLabel, { exact: true }).selectOption('network_p95')
    await dialog.getByText(words.percentile).waitFor()
    expect(await dialog.locator('select').nth(2).inputValue()).toBe('Mbit/s')
    await dialog.getByText(words.extras).click()
    await dialog.getByLabel(words.minimum).waitFor()
    // no part of a month but its time
    expect(await dialog.getByText(words.whole, { exact: true }).count()).toBe(0)
    await dialog.locator('input[required]').first().fill('2.5')
    await dialog.getByLabel(words.try).fill('40')
    await dialog
      .getByText(/100[.,]00/)
      .first()
      .waitFor()
    expect(await faultsOf(page)).toEqual([])
    await dialog.getByRole('button', { name: words.save }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.goto(`${product.origin}/prices`)
    await page.getByText(words.rate).first().waitFor()
    expect(await faultsOf(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })
