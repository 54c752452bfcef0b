/** Tax and coupons in a real browser, in both languages, themes and widths: chosen, checked, redeemed, and on the document. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

const WORDS = {
  en: {
    locale: 'en-GB',
    by_place: 'By place of supply',
    propose: 'Fill in standard rates',
    save: 'Save',
    make: 'Make a coupon',
    code: /^Code/,
    name: 'Name',
    per_cent: 'Per cent',
    forever: 'all invoices',
    enter: 'Code of a coupon',
    redeem: 'Redeem',
    gross: /before discounts .*−/,
    discount: 'Discount ',
    pause: 'Pause ',
    paused: 'paused',
    record: 'Record a check',
    where: 'Where it was checked, and why by hand',
    record_it: 'Record',
    valid: 'valid',
    unchecked: 'not checked yet',
    with_tax: 'The price includes VAT',
    amount: 'Price',
    edit: 'Edit First customer',
  },
  es: {
    locale: 'es-ES',
    by_place: 'Por lugar de prestación',
    propose: 'Rellenar tipos generales',
    save: 'Guardar',
    make: 'Crear un cupón',
    code: /^Código/,
    name: 'Nombre',
    per_cent: 'Por ciento',
    forever: 'todas las facturas',
    enter: 'Código de un cupón',
    redeem: 'Canjear',
    gross: /antes de descuentos .*−/,
    discount: 'Descuento ',
    pause: 'Poner ',
    paused: 'en pausa',
    record: 'Anotar una comprobación',
    where: 'Dónde se comprobó y por qué a mano',
    record_it: 'Anotar',
    valid: 'válido',
    unchecked: 'sin comprobar',
    with_tax: 'El precio incluye el IVA',
    amount: 'Precio',
    edit: 'Editar First customer',
  },
} as const

let suite: Suite
let product: Product
let account: string

interface Items {
  items: { id: string; legal_entity_id: string }[]
}
const send = (method: string, path: string, body: object) => product.api(path, { method, body: JSON.stringify(body) })

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  const accounts = (await (await product.api('/accounts')).json()) as Items
  account = accounts.items[0]!.id
  await send('POST', '/prices', {
    kind: 'host',
    meter: 'vcpu',
    model: 'per_unit',
    per: 'hour',
    unit: 'vCPU',
    amount: '1000',
  })
  const inclusive = { kind: 'host', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '100' }
  await send('POST', '/prices', { ...inclusive, tax_inclusive: true, tax_class: 'exempt' })
  await whenNextReading(product)
}, 180_000)
afterAll(() => suite.end())

const PICTURES = process.env['ATALAYA_PICTURES']
async function clean(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true })
  expect([name, await faultsOf(page)]).toEqual([name, []])
}

for (const [language, width, theme] of [
  ['en', 1440, 'light'],
  ['es', 360, 'dark'],
] as const)
  test(`tax is chosen, a VAT id checked, a coupon made, redeemed and shown, ${language}, ${width} px, ${theme}`, async (context) => {
    skipWithoutBrowser(context)
    const words = WORDS[language]
    const page = await signedIn(product, { locale: words.locale, viewport: { width, height: 900 }, colorScheme: theme })
    const complaints = watch(page)
    const on = (name: string) => `${name}-${language}-${width}`

    await page.goto(`${product.origin}/settings`)
    await whenShown(page)
    await page.getByText(words.by_place, { exact: true }).click()
    if (language === 'en') await page.getByRole('button', { name: words.propose }).click()
    const form = page.locator('form', { has: page.getByText(words.by_place, { exact: true }) })
    await expect.poll(() => form.locator('input[type=date]').count()).toBe(1)
    await clean(page, on('settings'))
    const saved = page.waitForResponse((answer) => answer.url().endsWith('/tax') && answer.request().method() === 'PUT')
    await form.getByRole('button', { name: words.save }).click()
    expect((await saved).status()).toBe(200)

    await send('PATCH', `/accounts/${account}`, {
      tax_id: language === 'en' ? 'DE136695976' : 'FR40303265045',
      tax_status: 'business',
    })
    await page.goto(`${product.origin}/accounts`)
    await page.getByRole('button', { name: words.edit }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(words.unchecked).waitFor()
    await dialog.getByRole('button', { name: words.record }).click()
    await dialog.getByLabel(words.where).fill('ec.europa.eu/vies, no network here')
    await clean(page, on('vat'))
    await dialog.getByRole('button', { name: words.record_it, exact: true }).click()
    await dialog.getByText(words.valid, { exact: true }).waitFor()

    const code = `HELLO-${language.toUpperCase()}`
    await page.goto(`${product.origin}/coupons`)
    await page.getByRole('button', { name: words.make }).first().click()
    await dialog.getByLabel(words.code).fill(code.toLowerCase())
    await dialog.getByLabel(words.name, { exact: true }).fill('Hello')
    await dialog.getByLabel(words.per_cent).fill('12.5')
    await dialog.getByText(words.forever, { exact: true }).click()
    await clean(page, on('coupon'))
    await dialog.getByRole('button', { name: words.save }).click()
    await dialog.waitFor({ state: 'detached' })
    // anew, without the word that it was made
    await page.goto(`${product.origin}/coupons`)
    await page.getByText(code, { exact: true }).waitFor()
    await clean(page, on('coupons'))

    await page.goto(`${product.origin}/invoices/drafts/${account}`)
    await page.getByLabel(words.enter).fill(code)
    await page.getByRole('button', { name: words.redeem, exact: true }).click()
    await page.getByText(words.discount + code).waitFor()
    await page.reload()
    await page.getByText(words.gross).first().waitFor()
    await clean(page, on('draft'))

    await page.goto(`${product.origin}/prices?set=1`)
    await page.getByRole('dialog').getByText(words.with_tax, { exact: true }).waitFor()
    await clean(page, on('price'))
    await page.goto(`${product.origin}/coupons`)
    await page.getByRole('button', { name: words.pause + code }).click()
    await page.getByText(words.paused, { exact: true }).first().waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  })
