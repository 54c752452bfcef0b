/** A fee in advance in a browser: set, subscribed, and its settlement found on the invoice and explained there. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { monthOf } from '#control-plane/base/time.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { looks } from '../setup/size.ts'
import { faultsOfPages } from './faults.ts'
import { type Product, signedIn, startProduct, watch } from './product.ts'

const PICTURES = process.env['ATALAYA_PICTURES']
let suite: Suite
let product: Product
let plan = ''
let invoice = ''
let account = ''

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
}, 240_000)
afterAll(() => suite.end())

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}
const dialogOf = (page: Page) => page.getByRole('dialog')
async function send<T>(path: string, body: object): Promise<T> {
  const answer = await product.api(path, { method: 'POST', body: JSON.stringify(body) })
  expect([path, answer.status < 300]).toEqual([path, true])
  return (await answer.json()) as T
}

test('a plan is drawn up with its months, its fee is charged in advance, and the subscription chooses its own', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/plans`)
  await page.getByRole('button', { name: 'New plan' }).first().click()
  const dialog = dialogOf(page)
  await dialog.getByLabel('Name in English').fill('Licence L')
  await dialog.getByLabel('Name in Spanish').fill('Licencia L')
  await dialog.getByText('From the day it begins', { exact: true }).click()
  await dialog.getByText(/Each month runs from that day/).waitFor()
  await picture(page, 'advance-plan')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Set the fee' }).click()
  await dialog.getByLabel('Price', { exact: true }).fill('30')
  await dialog.getByText('In advance', { exact: true }).click()
  await picture(page, 'advance-fee')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page
    .getByText(/in advance/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Put on sale' }).click()
  await dialog.getByRole('button', { name: 'Put on sale' }).click()
  await page.getByText('On sale', { exact: true }).first().waitFor()
  plan = new URL(page.url()).pathname
  await picture(page, 'advance-plan-page')
  const made = await send<{ id: string; zone: string }>('/accounts', {
    name: 'Paid ahead',
    tax_id: '',
    email: '',
    contract_from: new Date(Date.now() - 100 * 86_400_000).toISOString(),
  })
  account = made.id
  await page.goto(`${product.origin}/accounts/${account}/services`)
  await page.getByRole('button', { name: 'Subscribe' }).first().click()
  await dialog.getByText('Calendar months', { exact: true }).click()
  await dialog.getByText(/→/).waitFor()
  await picture(page, 'advance-subscribe')
  expect(complaints).toEqual([])
  await page.context().close()
  await issuedFor(made.zone)
}, 180_000)

/** One since the month before the last, two from within the last: two invoices, the second with a settlement. */
async function issuedFor(zone: string): Promise<void> {
  const last = monthOf(monthOf(Date.now(), zone).from - 1, zone)
  const first = monthOf(last.from - 1, zone)
  const past = { correction: true, reason: 'agreed by telephone' }
  const iso = (at: number) => new Date(at).toISOString()
  const id = plan.split('/').at(-1)
  const { price_book_id } = (await (await product.api(`/plans/${id}`)).json()) as { price_book_id: string }
  const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '30' }
  const terms = { timing: 'advance' }
  await send('/prices', { ...fee, terms, price_book_id, effective_at: iso(first.from), ...past })
  const service = await send<{ id: string }>(`/accounts/${account}/services`, {
    plan_id: id,
    anchor: 'calendar',
    from: iso((first.from + first.to) / 2),
    ...past,
  })
  await send('/invoices', { account_id: account, to: iso(first.to) })
  await send(`/services/${service.id}/changes`, { quantity: 2, at: iso((last.from + last.to) / 2), ...past })
  ;({ id: invoice } = await send<{ id: string }>('/invoices', { account_id: account, to: iso(last.to) }))
}

test('the invoice says for which time each line is, and what was settled', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/invoices/${invoice}`)
  await page.getByText('charged in advance €30.00, due €45.00: another quantity').waitFor()
  await page.getByText('In advance', { exact: true }).waitFor()
  await picture(page, 'advance-invoice')
  await page.getByRole('button', { name: 'Explain Licence L, Fee' }).first().click()
  await page.getByText(/€30.00 on .*; due is €45.00, and this line is the difference/).waitFor()
  await page.getByRole('tree').waitFor()
  await picture(page, 'advance-explain')
  expect(complaints).toEqual([])
  await page.context().close()
}, 120_000)

for (const look of looks([
  ['es-ES', 360, 'dark'],
  ['es-ES', 1440, 'light'],
] as const))
  test(`the pages fit and are accessible: ${look.join(', ')}`, async (context) => {
    skipWithoutBrowser(context)
    const pages = {
      'advance-plan': plan,
      'advance-services': `/accounts/${account}/services`,
      'advance-invoice': `/invoices/${invoice}`,
    }
    expect(await faultsOfPages(product, look, pages, (page) => page.getByText(/Licencia L/))).toEqual([])
  }, 120_000)
