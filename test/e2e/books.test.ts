/** Negotiated prices in a browser: a book is made and priced, assigned to an account for a past time with its reason, explained, and ended. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { looks } from '../setup/size.ts'
import { faultsOfPages } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

const PICTURES = process.env['ATALAYA_PICTURES']
const HOUR_MS = 3_600_000
let suite: Suite
let product: Product
let account = ''
let book = ''

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  if (!product.browser) return
  await whenNextReading(product)
  account = ((await (await product.api('/accounts')).json()) as { items: { id: string }[] }).items[0]!.id
}, 240_000)
afterAll(() => suite.end())

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}
const dialogOf = (page: Page) => page.getByRole('dialog')
/** As a field for date and time has it, in the zone of the browser. */
const local = (at: number) => new Date(at).toISOString().slice(0, 16)

test('a book is made, priced from the past with a reason, assigned, explained and ended', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, {
    locale: 'en-GB',
    timezoneId: 'UTC',
    viewport: { width: 1440, height: 900 },
  })
  const complaints = watch(page)
  const dialog = dialogOf(page)
  await page.goto(`${product.origin}/prices`)
  await page.getByRole('button', { name: 'New price book' }).click()
  await dialog.getByLabel('Name').fill('Acme 2026')
  await picture(page, 'book-dialog')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Nobody has it yet').waitFor()
  book = new URL(page.url()).search
  await page.getByRole('button', { name: 'Set a price' }).first().click()
  await dialog.getByLabel('Kind').selectOption('host')
  await dialog.getByLabel('Price', { exact: true }).fill('0.01')
  await dialog.getByText('Another instant', { exact: true }).click()
  const past = local(Date.now() - HOUR_MS)
  await dialog.locator('input[type=datetime-local]').fill(past)
  await dialog.getByLabel('Reason').fill('agreed last week')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('0.01').first().waitFor()

  await page.goto(`${product.origin}/accounts/${account}/services`)
  const card = page.locator('section', { hasText: 'Price books' })
  await card.getByText('Nothing was negotiated').waitFor()
  await card.getByRole('button', { name: 'Assign a book' }).click()
  await dialog.getByText('At an instant').click()
  await dialog.locator('input[type=datetime-local]').first().fill(past)
  await dialog.getByLabel('Reason').fill('agreed last week')
  await picture(page, 'assign')
  await dialog.getByRole('button', { name: 'Assign a book' }).click()
  await card.getByRole('link', { name: 'Acme 2026' }).waitFor()
  await picture(page, 'account-books')

  await page.goto(`${product.origin}/invoices/drafts/${account}`)
  await page
    .getByRole('button', { name: /^Explain / })
    .first()
    .click()
  await page.getByText('from the price book Acme 2026').waitFor()
  await picture(page, 'explain-book')

  await page.goto(`${product.origin}/accounts/${account}/services`)
  await card.getByRole('button', { name: 'End Acme 2026' }).click()
  await picture(page, 'end')
  await dialog.getByRole('button', { name: 'End', exact: true }).click()
  await card.getByText('goes on').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await page.context().close()
}, 180_000)

for (const look of looks([
  ['es-ES', 360, 'dark'],
  ['en-GB', 360, 'light'],
  ['es-ES', 1440, 'dark'],
] as const))
  test(`the pages fit and are accessible: ${look.join(', ')}`, async (context) => {
    skipWithoutBrowser(context)
    const pages = { book: `/prices${book}`, 'account-books': `/accounts/${account}/services` }
    expect(
      await faultsOfPages(product, look, pages, (page) =>
        page.getByText('Acme 2026').or(page.locator('option', { hasText: 'Acme 2026' })),
      ),
    ).toEqual([])
  }, 120_000)
