/** A provider's price list in a browser: pasted with a fault, corrected, recorded, recorded again; and a cost book is ended. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf } from './faults.ts'
import { type Product, signedIn, startProduct, watch } from './product.ts'

const PICTURES = process.env['ATALAYA_PICTURES']
const HEAD = 'kind,meter,attribute,value,per,unit,amount,currency'
const LIST = `${HEAD}
vm,instance,flavor,m1.small,hour,instance,0.0125,EUR
vm,instance,flavor,m1.large,hour,instance,0.05,EUR`
let suite: Suite
let product: Product

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
}, 240_000)
afterAll(() => suite.end())

const picture = async (page: Page, name: string): Promise<void> => {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}
const opened = async (locale: string) => {
  const page = await signedIn(product, { locale, timezoneId: 'UTC', viewport: { width: 1280, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/prices/costs`)
  return { page, complaints, dialog: page.getByRole('dialog'), book: page.locator('section', { hasText: 'The cloud' }) }
}

test('a list is shown line by line before it is recorded, and none of it where a line is refused', async (context) => {
  skipWithoutBrowser(context)
  const { page, complaints, dialog, book } = await opened('en-GB')
  await page.getByRole('button', { name: 'Add a cost book' }).click()
  await dialog.getByLabel('Name').fill('The cloud')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await book.getByRole('button', { name: 'Price list' }).click()
  const record = dialog.getByRole('button', { name: 'Record the list' })
  await dialog
    .getByLabel('Price list, one price a line')
    .fill(`${LIST}\nvm,instance,flavor,m1.tiny,hour,instance,1,USD`)
  await dialog.getByText('1 refused').waitFor()
  await picture(page, 'price-list-refused')
  expect(await record.isDisabled()).toBe(true)
  expect(await faultsOf(page)).toEqual([])
  await dialog.getByLabel('Price list, one price a line').fill(LIST)
  await dialog.getByText('2 new').waitFor()
  await record.click()
  await book.getByText('flavor: m1.large').waitFor()
  await picture(page, 'price-list-recorded')
  expect(complaints).toEqual([])
  await page.context().close()
})

test('the same list has nothing to record, and the book is ended by its button', async (context) => {
  skipWithoutBrowser(context)
  const { page, complaints, dialog, book } = await opened('es-ES')
  await book.getByRole('button', { name: 'Lista de precios' }).click()
  await dialog.getByLabel('Lista de precios, uno por línea').fill(LIST)
  await dialog.getByText('2 sin cambios').waitFor()
  await picture(page, 'price-list-unchanged')
  expect(await dialog.getByRole('button', { name: 'Registrar la lista' }).isDisabled()).toBe(true)
  await dialog.getByRole('button', { name: 'Cancelar' }).click()
  await book.getByRole('button', { name: 'Terminar', exact: true }).click()
  await picture(page, 'cost-book-end')
  await dialog.getByRole('button', { name: 'Guardar' }).click()
  await book.getByText('sigue en vigor').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await page.context().close()
})
