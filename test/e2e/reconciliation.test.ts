/** A machine that nobody pays for is found on the page of reconciliation, opened to its evidence, and adopted back to when it was first seen. */
import { hostname } from 'node:os'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { looks } from '../setup/size.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOfPages, pictures } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

let suite: Suite
let product: Product

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  if (!product.browser) return
  const id = await whenNextReading(product)
  const price = { kind: 'host', meter: 'instance', model: 'flat', per: 'month', unit: 'instance', amount: '72' }
  const effective_at = new Date(Date.now() - 40 * 86_400_000).toISOString()
  const made = await product.api('/prices', {
    method: 'POST',
    body: JSON.stringify({ ...price, effective_at, correction: true, reason: 'since ever' }),
  })
  expect([made.status, made.status < 300 ? '' : await made.text()]).toEqual([made.status, ''])
  // no verb makes a machine nobody's: one that a source without an account finds first is
  const sql = postgres(product.installation.superuserUrl, { max: 1 })
  await sql`delete from assignment where resource_id = ${id}`
  await sql`update resource set account_id = null where id = ${id}`
  await sql.end()
}, 240_000)
afterAll(() => suite.end())

for (const look of looks([
  ['es-ES', 360, 'dark'],
  ['en-GB', 1440, 'light'],
] as const))
  test(`the page fits and is accessible: ${look.join(', ')}`, async (context) => {
    skipWithoutBrowser(context)
    const pages = { reconciliation: '/reconciliation' }
    expect(await faultsOfPages(product, look, pages, (page) => page.getByText(hostname()).first())).toEqual([])
  }, 120_000)

test('an orphan is opened, adopted with a preview of what that brings, and matches from then on', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/reconciliation`)
  await page.locator('[data-tile=orphan]').getByText('€72.00 lost').waitFor()
  await page.getByRole('button', { name: /^Details/ }).click()
  await page.getByText('it has no owner').waitFor()
  await pictures(page, 'reconciliation-open')
  await page.getByRole('button', { name: 'Adopt' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('[data-adoption] dl').waitFor()
  expect(await dialog.locator('[data-adoption] dd').last().innerText()).toMatch(/^€\d/)
  await pictures(page, 'reconciliation-adopt')
  await dialog.getByRole('button', { name: 'Adopt' }).click()
  await page.locator('[data-tile=matched]').getByText('1', { exact: true }).waitFor()
  await page.getByText('Nothing differs').waitFor()
  expect(complaints).toEqual([])
}, 120_000)
