/** Parts and racks in a real browser, in both languages, themes and widths: put into stock, followed, taken back; mounted and taken out. */
import type { Page } from 'playwright-core'
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

const WORDS = {
  en: {
    locale: 'en-GB',
    put: 'Put into stock',
    serial: 'Serial',
    type: 'Type',
    site: 'Site',
    place: 'Shelf',
    lines: 'Pasted lines',
    paste: 'Lines',
    same: /Line 3: is there twice/,
    in_stock: 'In stock',
    undo: /^Take back: In stock/,
    sure: 'Take back',
    rack: 'Add rack',
    add: 'Add',
    name: 'Name',
    units: 'Units',
    mount: 'Mount',
    lowest: 'Lowest unit',
    height: 'Height in units',
    out: 'Take out',
  },
  es: {
    locale: 'es-ES',
    put: 'Poner en almacén',
    serial: 'Número de serie',
    type: 'Tipo',
    site: 'Sede',
    place: 'Estante',
    lines: 'Líneas pegadas',
    paste: 'Líneas',
    same: /Línea 3: is there twice/,
    in_stock: 'En almacén',
    undo: /^Deshacer: En almacén/,
    sure: 'Deshacer',
    rack: 'Añadir rack',
    add: 'Añadir',
    name: 'Nombre',
    units: 'Unidades',
    mount: 'Montar',
    lowest: 'Unidad más baja',
    height: 'Altura en unidades',
    out: 'Sacar',
  },
} as const

let suite: Suite
let product: Product
beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  if (product.browser) await whenNextReading(product)
}, 180_000)
afterAll(() => suite.end())

const PICTURES = process.env['ATALAYA_PICTURES']
async function clean(page: Page, name: string): Promise<void> {
  // what was pressed looks otherwise while it is pointed at
  await page.mouse.move(0, 0)
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true })
  expect([name, await faultsOf(page)]).toEqual([name, []])
}

for (const [language, width, theme] of [
  ['en', 1440, 'light'],
  ['es', 360, 'dark'],
] as const)
  test(`parts are put into stock and taken back, a machine is mounted and taken out, ${language}, ${width} px, ${theme}`, async (context) => {
    skipWithoutBrowser(context)
    const words = WORDS[language]
    const page = await signedIn(product, { locale: words.locale, viewport: { width, height: 900 }, colorScheme: theme })
    const complaints = watch(page)
    const on = (name: string) => `hardware-${name}-${language}-${width}`
    const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
    const dialog = page.getByRole('dialog')
    const serial = `S3Z8-${language}`

    await page.goto(`${product.origin}/resources/hardware`)
    await whenShown(page)
    await button(words.put).first().click()
    await dialog.getByText(words.lines, { exact: true }).click()
    await dialog
      .getByLabel(words.paste, { exact: true })
      .fill(`type,serial\ndisk,${serial},PM883\ndisk,${serial}\npsu,P-${language}`)
    await dialog.getByLabel(words.site).fill('MAD1')
    await dialog.getByLabel(words.place, { exact: true }).fill('A-3')
    await dialog.getByRole('button', { name: words.put }).click()
    // nothing is recorded, and the line that is wrong is told by its number
    await dialog.getByText(words.same).waitFor()
    await clean(page, on('lines'))
    await dialog.getByLabel(words.paste, { exact: true }).fill(`disk,${serial},PM883\npsu,P-${language}`)
    await dialog.getByRole('button', { name: words.put }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: new RegExp(serial) }).waitFor()
    await clean(page, on('parts'))

    await page.getByRole('button', { name: new RegExp(serial) }).click()
    await dialog.getByText(words.in_stock).first().waitFor()
    await clean(page, on('part'))
    await dialog.getByRole('button', { name: words.undo }).click()
    await dialog.last().getByRole('button', { name: words.sure, exact: true }).click()
    await expect.poll(() => dialog.count()).toBeLessThan(2)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByRole('button', { name: new RegExp(serial) }).count()).toBe(0)

    await page.goto(`${product.origin}/resources/hardware/racks`)
    await whenShown(page)
    await button(words.rack).first().click()
    await dialog.getByLabel(words.site).fill('MAD1')
    await dialog.getByLabel(words.name).fill(`R-${language}`)
    await dialog.getByLabel(words.units).fill('12')
    await clean(page, on('rack-dialog'))
    await dialog.getByRole('button', { name: words.add, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('heading', { name: `R-${language}` }).waitFor()
    await button(words.mount).click()
    await dialog.getByRole('radio').first().check()
    await dialog.getByLabel(words.lowest).fill('3')
    await dialog.getByLabel(words.height).fill('2')
    await clean(page, on('mount-dialog'))
    await dialog.getByRole('button', { name: words.mount, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    const elevation = page.getByRole('table')
    await elevation.getByRole('link', { name: hostname() }).waitFor()
    await clean(page, on('rack'))
    await elevation.getByRole('link', { name: hostname() }).click()
    await page.getByRole('link', { name: `R-${language} U3–U4` }).waitFor()
    await page.goBack()
    await elevation.getByRole('button').click()
    await dialog.getByRole('button', { name: words.out, exact: true }).click()
    await expect.poll(() => elevation.getByRole('link').count()).toBe(0)
    expect(complaints.filter((text) => !/ (404|422) /.test(text))).toEqual([])
    await page.context().close()
  })
