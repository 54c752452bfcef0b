/** Correcting in a browser: a price of the past is corrected, the review shows what differs and why, and the note is issued from it. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

const PICTURES = process.env['ATALAYA_PICTURES']
let suite: Suite
let product: Product

const ask = async <T>(path: string, body?: unknown): Promise<T> => {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await product.api(path, init)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text) as T
}
let account = ''

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  if (!product.browser) return
  await whenNextReading(product)
  const price = { kind: 'host', meter: 'instance', model: 'flat', per: 'hour', unit: 'instance' }
  const { effective_at } = await ask<{ effective_at: string }>('/prices', { ...price, amount: '3600' })
  account = (await ask<{ items: { id: string }[] }>('/accounts')).items[0]!.id
  await Bun.sleep(3_000)
  await ask('/invoices', { account_id: account })
  await ask('/prices', { ...price, amount: '1800', effective_at, correction: true, reason: 'mistyped' })
}, 240_000)
afterAll(() => suite.end())

async function pictures(page: Page, name: string): Promise<void> {
  if (!PICTURES) return
  for (const width of [360, 768, 1440])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${width}.png`), fullPage: true })
    }
  await page.setViewportSize({ width: 1280, height: 900 })
}

const CASES = [
  ['en', 'Look for differences', 'Review: First customer', 'corrected price'],
  ['es', 'Buscar diferencias', 'Revisar: First customer', 'precio corregido'],
] as const
for (const [locale, look, review, cause] of CASES)
  test(`the review is reached from the invoices and says what differs and why: ${locale}`, async (context) => {
    skipWithoutBrowser(context)
    const page = await signedIn(product, { locale })
    const complaints = watch(page)
    await page.goto(`${product.origin}/invoices`)
    await page.getByRole('button', { name: look }).click()
    await page.getByRole('link', { name: review, exact: true }).waitFor()
    await pictures(page, `${locale}-invoices`)
    await page.getByRole('link', { name: review, exact: true }).click()
    await page.getByText(cause).filter({ visible: true }).first().waitFor()
    await pictures(page, `${locale}-review`)
    const tooWide = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    )
    expect([tooWide, complaints]).toEqual([false, []])
    await page.context().close()
  }, 120_000)

test('the note is issued from the review, names its invoice and is named by it', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en' })
  const complaints = watch(page)
  await page.goto(`${product.origin}/invoices/re-ratings/${account}`)
  await page.getByRole('button', { name: 'Issue 1 document' }).click()
  await pictures(page, 'en-confirm')
  await page.getByRole('dialog').getByRole('button', { name: 'Issue 1 document' }).click()
  await page.getByRole('link', { name: /^A-\d+-CN-000001$/ }).click()
  await page.getByRole('heading', { name: 'Credit note' }).waitFor()
  await pictures(page, 'en-note')
  await page
    .getByRole('link', { name: /^A-\d+-000001$/ })
    .first()
    .click()
  await page.getByText('Corrected by').waitFor()
  await pictures(page, 'en-corrected')
  expect(complaints).toEqual([])
  await page.context().close()
}, 120_000)
