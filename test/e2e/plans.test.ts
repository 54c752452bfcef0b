/** From a plan to a bill in a browser: drawn up, priced, put on sale, subscribed, changed with its preview, fulfilled, explained, cancelled and not after all, suspended and resumed. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { looks } from '../setup/size.ts'
import { faultsOfPages } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

const PICTURES = process.env['ATALAYA_PICTURES']
let suite: Suite
let product: Product
let account = ''
let plan = ''

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
/** Waits until the dialog says what the month comes to. */
const previewed = (page: Page) => dialogOf(page).getByText(/→/).waitFor()

test('a plan is drawn up, priced with its calculator, and put on sale', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/plans`)
  await page.getByRole('button', { name: 'New plan' }).first().click()
  const dialog = dialogOf(page)
  await dialog.getByLabel('Name in English').fill('Bare metal M')
  await dialog.getByLabel('Name in Spanish').fill('Servidor M')
  await dialog.getByLabel('Product').selectOption('bare_metal')
  await dialog.getByLabel('Host', { exact: true }).check()
  await picture(page, 'plan-dialog')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Set the fee' }).click()
  // a share of other charges is tried on a sum of them
  await dialog.getByText('Percentage', { exact: true }).click()
  await dialog.getByLabel('Per cent').fill('10')
  await dialog.getByLabel(/^Try other charges/).fill('1234.5')
  await dialog.getByText('10 % of €1,234.50').waitFor()
  await dialog.getByText('For each unit', { exact: true }).click()
  await dialog.getByLabel('Price', { exact: true }).fill('30')
  // the API would refuse a pool in a plan
  expect(await dialog.getByText(/Pool|All together/).count()).toBe(0)
  await dialog.getByText('It applies to 0 services').waitFor()
  await dialog.getByLabel(/^Try a quantity/).fill('2')
  await dialog
    .getByText(/60\.00/)
    .first()
    .waitFor()
  await picture(page, 'plan-fee')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page
    .getByText(/per service/)
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Put on sale' }).click()
  await dialog.getByRole('button', { name: 'Put on sale' }).click()
  await page.getByText('On sale', { exact: true }).first().waitFor()
  plan = new URL(page.url()).pathname
  await picture(page, 'plan')
  await page.goto(`${product.origin}/coupons`)
  await page.getByRole('button', { name: 'Make a coupon' }).first().click()
  await dialog.getByLabel(/^Code/).fill('metal')
  await dialog.getByLabel('Name', { exact: true }).fill('Half of it')
  await dialog.getByLabel('Per cent').fill('50')
  await dialog.getByLabel('Of what').selectOption({ label: 'Bare metal M' })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('cell', { name: 'Bare metal M' }).waitFor()
  expect(complaints).toEqual([])
  await page.context().close()
}, 120_000)

test('it is subscribed, changed with a preview, fulfilled, explained on the draft, and cancelled', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/accounts/${account}/services`)
  const dialog = dialogOf(page)
  await page.getByRole('button', { name: 'Subscribe' }).first().click()
  await dialog.getByLabel('Quantity').fill('2')
  await previewed(page)
  await picture(page, 'subscribe')
  await dialog.getByRole('button', { name: 'Subscribe' }).click()
  const card = page.getByRole('region', { name: 'Bare metal M' })
  await card.getByText('€60.00').waitFor()
  await card.getByRole('button', { name: 'Change' }).click()
  await dialog.getByLabel('Quantity').fill('3')
  await dialog.getByText('Keep those of a day').click()
  await dialog.getByLabel('Prices as of').waitFor()
  await previewed(page)
  await picture(page, 'change')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await card.getByText('€90.00').waitFor()
  await card.getByText(/^at the prices of/).waitFor()
  await page.getByText('In no service').waitFor()
  await card.getByRole('button', { name: 'Attach a resource' }).click()
  await dialog.getByRole('button', { name: 'Attach a resource' }).click()
  await card.getByRole('button', { name: /^Detach/ }).waitFor()
  await card.getByRole('button', { name: 'Cancel' }).click()
  await previewed(page)
  await picture(page, 'cancel')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await card.getByText(/until/).first().waitFor()
  await card.getByRole('button', { name: 'Go on after all' }).click()
  await dialog.getByRole('button', { name: 'Go on after all' }).click()
  await card.getByRole('button', { name: 'Cancel' }).waitFor()
  await picture(page, 'services')
  await page.goto(`${product.origin}/invoices/drafts/${account}`)
  const fee = page.getByRole('button', { name: 'Explain Bare metal M, Fee' }).first()
  // the draft goes as far as the agent has reported, which may be to just before it was sold
  while (!(await fee.isVisible())) {
    await page.waitForTimeout(1_000)
    await page.reload()
    await page.getByRole('heading', { name: 'Draft for First customer' }).waitFor()
    await page.waitForTimeout(500)
  }
  await fee.click()
  await page.getByRole('tree').waitFor()
  await picture(page, 'explain')
  expect(complaints).toEqual([])
  await page.context().close()
}, 180_000)

test('it is suspended with a reason and resumed; a machine that runs on while it is suspended is told of', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/accounts/${account}/services`)
  const [dialog, card] = [dialogOf(page), page.getByRole('region', { name: 'Bare metal M' })]
  const suspend = async (reason: string) => {
    await card.getByRole('button', { name: 'Suspend…' }).click()
    const button = dialog.getByRole('button', { name: 'Suspend' })
    expect(await button.isDisabled()).toBe(true)
    await dialog.getByLabel('Reason').fill(reason)
    await picture(page, 'suspend')
    await button.click()
    await card.getByText(/^Suspended since/).waitFor()
    await card.getByText(reason).waitFor()
  }
  await suspend('Asked for by telephone')
  await card.getByRole('button', { name: 'Resume' }).click()
  await dialog.getByLabel(/^Reason/).fill('Not after all')
  await dialog.getByRole('button', { name: 'Resume' }).click()
  await card.getByText('Former suspensions').click()
  await card.getByText(/ended by .*Not after all/).waitFor()
  await suspend('Not paid for two months')
  await picture(page, 'suspended')
  await page.goto(`${product.origin}/reconciliation`)
  await page.getByRole('button', { name: /^Details: .*Running while suspended/ }).click()
  await page.getByText(/suspended since .*: Not paid for two months/).waitFor()
  await picture(page, 'runs-while-suspended')
  expect(complaints).toEqual([])
  await page.context().close()
}, 120_000)

for (const look of looks([
  ['es-ES', 360, 'dark'],
  ['en-GB', 360, 'light'],
  ['es-ES', 1440, 'dark'],
] as const))
  test(`the pages fit and are accessible: ${look.join(', ')}`, async (context) => {
    skipWithoutBrowser(context)
    const pages = {
      plans: '/plans',
      plan,
      services: `/accounts/${account}/services`,
      draft: `/invoices/drafts/${account}`,
    }
    expect(await faultsOfPages(product, look, pages, (page) => page.getByText(/Servidor M|Bare metal M/))).toEqual([])
  }, 120_000)
