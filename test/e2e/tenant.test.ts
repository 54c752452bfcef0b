/** An administrator lets a customer in; the customer sees his machine, his usage and why his bill is what it is, and no more. */
import { hostname } from 'node:os'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenLive, whenNextReading } from './product.ts'

const WORDS = {
  en: {
    locale: 'en-GB',
    make: 'Make a key',
    name: 'Name',
    role: 'Role',
    account: 'Account',
    resources: 'Resources',
    cost: 'Cost / hour',
    usage: 'Usage',
    bill: 'Bill',
    why: 'Why this amount?',
    explain: /^Explain /,
    explainTitle: 'Where this amount comes from',
    save: 'Save',
    saved: 'Saved',
    tax: /^Tax number/,
    vcpu: /^vCPU/,
    missing: 'There is no such page',
    revoke: 'Revoke',
  },
  es: {
    locale: 'es-ES',
    make: 'Crear una clave',
    name: 'Nombre',
    role: 'Rol',
    account: 'Cuenta',
    resources: 'Recursos',
    cost: 'Coste / hora',
    usage: 'Consumo',
    bill: 'Factura',
    why: '¿Por qué este importe?',
    explain: /^Explicar /,
    explainTitle: 'De dónde sale este importe',
    save: 'Guardar',
    saved: 'Guardado',
    tax: /^NIF/,
    vcpu: /^vCPU/,
    missing: 'Esa página no existe',
    revoke: 'Revocar',
  },
} as const
type Language = keyof typeof WORDS
const LANGUAGES = Object.keys(WORDS) as Language[]

let suite: Suite
let product: Product
let account: { id: string; name: string }
let invoice = ''
const token: Partial<Record<Language, string>> = {}

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  const price = { kind: 'host', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.0125' }
  await product.api('/prices', { method: 'POST', body: JSON.stringify(price) })
  await whenNextReading(product)
  account = ((await (await product.api('/accounts')).json()) as { items: (typeof account)[] }).items[0]!
  const issued = await product.api('/invoices', { method: 'POST', body: JSON.stringify({ account_id: account.id }) })
  invoice = ((await issued.json()) as { id: string }).id
  await whenNextReading(product)
}, 180_000)
afterAll(() => suite.end())

test.for(LANGUAGES)('an administrator gives a customer a key of his own account (%s)', async (language, context) => {
  skipWithoutBrowser(context)
  const words = WORDS[language]
  const page = await signedIn(product, { locale: words.locale })
  const complaints = watch(page)
  await page.goto(`${product.origin}/settings`)
  await page.getByRole('button', { name: words.make }).click()
  const dialog = page.getByRole('dialog')
  const make = dialog.getByRole('button', { name: words.make })
  await dialog.getByLabel(words.name, { exact: true }).fill(`customer ${language}`)
  await dialog.getByLabel(words.role, { exact: true }).selectOption('tenant_owner')
  // a role of an account without its account is no key
  expect(await make.isDisabled()).toBe(true)
  await dialog.getByLabel(words.account, { exact: true }).selectOption(account.id)
  await make.click()
  const shown = dialog.getByText(/^atalaya_key_/)
  await shown.waitFor()
  token[language] = (await shown.textContent())?.trim() ?? ''
  expect(complaints).toEqual([])
  await page.context().close()
})

async function asCustomer(
  language: Language,
  options: { theme?: 'dark' | 'light'; width?: number } = {},
): Promise<Page> {
  const context = await product.browser!.newContext({
    locale: WORDS[language].locale,
    colorScheme: options.theme ?? 'light',
    viewport: { width: options.width ?? 1440, height: 900 },
  })
  const page = await context.newPage()
  await page.goto(`${product.origin}/#token=${token[language]}`)
  await whenLive(page)
  return page
}

test.for(LANGUAGES)('the customer sees what is his, and why it costs what it costs (%s)', async (language, context) => {
  skipWithoutBrowser(context)
  const words = WORDS[language]
  const page = await asCustomer(language)
  const complaints = watch(page)
  const go = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
  await page.getByRole('heading', { name: account.name, level: 1 }).waitFor()

  await go(words.resources)
  const cost = page.getByRole('columnheader', { name: words.cost })
  // what costs most comes first
  for (const order of ['descending', 'ascending']) {
    await cost.getByRole('button').click()
    await expect.poll(() => cost.getAttribute('aria-sort')).toBe(order)
    expect(page.url()).toContain(`sort=cost&order=${order === 'descending' ? 'desc' : 'asc'}`)
  }
  await page.getByRole('link', { name: hostname(), exact: true }).first().click()
  await page.getByRole('heading', { name: hostname(), level: 1 }).waitFor()
  expect(await page.getByRole('button', { name: /transfer|transferir/i }).count()).toBe(0)

  await go(words.usage)
  await page.getByRole('button', { name: words.vcpu }).click()
  expect(page.url()).toContain('of=host.vcpu')
  const csv = await page.request.get(
    product.origin + ((await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? ''),
  )
  expect(await csv.text()).toContain('host.vcpu')

  await go(words.bill)
  await page.getByRole('link', { name: words.why }).click()
  await page.getByRole('button', { name: words.explain }).first().click()
  await page.getByRole('dialog', { name: words.explainTitle }).waitFor()
  await page.keyboard.press('Escape')
  await page.goto(`${product.origin}/invoices/${invoice}`)
  const pdf = await page.request.get(
    product.origin + ((await page.locator(`[data-pdf=${language}]`).getAttribute('href')) ?? ''),
  )
  expect((await pdf.body()).toString('latin1', 0, 5)).toBe('%PDF-')

  await go(words.account)
  await page.getByLabel(words.tax).fill(`ES${language === 'en' ? 'B12345674' : 'A58818501'}`)
  await page.getByRole('button', { name: words.save }).click()
  await page.getByText(words.saved).waitFor()
  expect(complaints).toEqual([])
  await page.context().close()
})

test('pages and calls of those who run the installation are not there for him', async (context) => {
  skipWithoutBrowser(context)
  const page = await asCustomer('en')
  for (const path of ['/agents', '/prices', '/accounts', '/audit', '/agents/accounting']) {
    await page.goto(product.origin + path)
    await page.getByRole('heading', { name: WORDS.en.missing, level: 1 }).waitFor()
  }
  for (const path of ['/agents', '/prices', '/audit', '/notices'])
    expect([path, (await page.request.get(`${product.origin}/api/v1${path}`)).status()]).toEqual([path, 403])
  await page.context().close()
})

test('every page of a customer is accessible and fits', async (context) => {
  skipWithoutBrowser(context)
  const faults: string[] = []
  for (const [theme, width] of [
    ['light', 1440],
    ['dark', 360],
  ] as const) {
    const page = await asCustomer('en', { theme, width })
    for (const path of [
      '/',
      '/resources',
      '/usage',
      '/invoices',
      '/invoices?state=over',
      `/invoices/drafts/${account.id}`,
      `/invoices/${invoice}`,
      '/settings',
      '/agents',
    ]) {
      await page.goto(product.origin + path)
      await whenShown(page)
      faults.push(...(await faultsOf(page)).map((fault) => `${path}, ${theme}, ${width} px: ${fault}`))
    }
    await page.context().close()
  }
  expect(faults).toEqual([])
})
