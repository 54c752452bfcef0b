/** The whole way of a person: sign in, see this machine live, set a price, preview, finalise, PDF, explain. */
import { hostname } from 'node:os'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { type Product, signedIn, startProduct, watch, whenLive, whenNextReading } from './product.ts'
import { type Language, WORDS } from './words.ts'

const SEEN_MS = 60_000
let suite: Suite
let product: Product
beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
}, 180_000)
afterAll(() => suite.end())

async function firstTab(language: Language): Promise<Page> {
  const context = await product.browser?.newContext({ locale: WORDS[language].locale, colorScheme: 'light' })
  if (!context) throw new Error('there is no browser')
  return context.newPage()
}

async function seeThisMachine(page: Page, language: Language): Promise<void> {
  const words = WORDS[language]
  await page.getByRole('link', { name: words.resources, exact: true }).first().click()
  await page.goto(`${product.origin}/resources?kind=host`)
  await page.getByRole('link', { name: hostname(), exact: true }).first().waitFor({ timeout: SEEN_MS })
  await whenLive(page)
  expect(await page.locator('[data-live=live]:visible').textContent()).toBe(words.live)
}

async function setPrice(page: Page, language: Language, meter: string, amount: string): Promise<void> {
  const words = WORDS[language]
  await page.goto(`${product.origin}/prices?set=1`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(words.kind, { exact: true }).selectOption('host')
  await dialog.getByLabel(words.meter, { exact: true }).selectOption(meter)
  const price = dialog.getByLabel(words.price, { exact: true })
  await price.fill('0.1234567890123')
  await dialog.getByText(words.tooManyDecimals).waitFor()
  expect(await dialog.getByRole('button', { name: words.save }).isDisabled()).toBe(true)
  await price.fill(amount)
  await dialog.getByText(words.applies).waitFor()
  await dialog.getByRole('button', { name: words.save }).click()
  await dialog.waitFor({ state: 'detached' })
}

/** From the list of drafts to an issued invoice; answers its address. */
async function finalise(page: Page, language: Language): Promise<string> {
  const words = WORDS[language]
  await whenNextReading(product)
  await page.goto(`${product.origin}/invoices`)
  await page.getByRole('link', { name: words.preview }).first().click()
  const button = page.getByRole('button', { name: words.finalise, exact: true })
  await button.waitFor()
  await expect.poll(() => button.isEnabled(), { timeout: SEEN_MS }).toBe(true)
  await button.click()
  const dialog = page.getByRole('dialog')
  const send = dialog.getByRole('button', { name: words.finaliseFor })
  expect(await send.isDisabled()).toBe(true)
  const label = (await dialog.getByText(words.type).textContent()) ?? ''
  await dialog.getByLabel(words.type).fill(/“(.*)”/.exec(label)?.[1] ?? '')
  await send.click()
  const refusal = dialog.getByRole('alert')
  await Promise.race([page.waitForURL(/\/invoices\/[0-9a-f-]{36}$/), refusal.waitFor()])
  if (await refusal.isVisible()) throw new Error(`it was refused: ${await refusal.textContent()}`)
  await page.locator('article').getByRole('heading', { name: words.invoice, level: 2 }).waitFor()
  return page.url()
}

async function pdfOf(page: Page, language: Language): Promise<string> {
  const path = (await page.locator(`[data-pdf=${language}]`).getAttribute('href')) ?? ''
  const answer = await page.request.get(product.origin + path)
  expect(answer.status()).toBe(200)
  expect(answer.headers()['content-type']).toContain('application/pdf')
  return (await answer.body()).toString('latin1', 0, 5)
}

async function explainFirstLine(page: Page, language: Language): Promise<void> {
  const words = WORDS[language]
  await page.getByRole('button', { name: words.explain }).first().click()
  const drawer = page.getByRole('dialog', { name: words.explainTitle })
  await drawer.getByRole('heading', { name: words.stretches }).waitFor()
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })
}

test('a used set-up token is refused with what to do', async (context) => {
  skipWithoutBrowser(context)
  const page = await firstTab('en')
  const words = WORDS.en
  await page.goto(`${product.origin}/sign-in`)
  await page.getByRole('link', { name: words.useToken }).click()
  await page.getByLabel(words.token).fill('not-a-token-of-this-installation')
  await page.getByRole('button', { name: words.signIn, exact: true }).click()
  await page.getByRole('alert').getByText(words.refused).waitFor()
  await page.context().close()
})

test('from the set-up token to an explained invoice, in English', async (context) => {
  skipWithoutBrowser(context)
  const page = await firstTab('en')
  const complaints = watch(page)
  await page.goto(`${product.origin}/?token=${product.installation.setupToken}`)
  await page.getByRole('link', { name: WORDS.en.later }).click()
  await whenLive(page)
  expect(page.url()).not.toContain('token')
  await seeThisMachine(page, 'en')
  await setPrice(page, 'en', 'vcpu', '0.0125')
  const address = await finalise(page, 'en')
  expect(await pdfOf(page, 'en')).toBe('%PDF-')
  await explainFirstLine(page, 'en')
  expect(address).toContain(product.origin)
  expect(complaints).toEqual([])
  await page.context().close()
})

test('the same in Spanish, on what was used since', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: WORDS.es.locale, colorScheme: 'dark' })
  const complaints = watch(page)
  await seeThisMachine(page, 'es')
  await setPrice(page, 'es', 'memory', '0.004')
  await finalise(page, 'es')
  expect(await pdfOf(page, 'es')).toBe('%PDF-')
  await explainFirstLine(page, 'es')
  expect(complaints).toEqual([])
  await page.context().close()
})
