/** A Proxmox source by its form: a wrong token is a clear error at its field, the right one shows machines; it is paused, resumed, changed, looked at and replayed. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { en } from '#ui/i18n/en.ts'
import { es } from '#ui/i18n/es.ts'
import { ProxmoxRig } from '../connectors/proxmox.ts'
import { TOKEN } from '../connectors/pve/server.ts'
import { TRUSTED } from '../connectors/tls.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, soundOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch } from './product.ts'

const PICTURES = process.env['ATALAYA_PICTURES']
const WRONG = '00000000-0000-4000-8000-000000000000'
const SLOW = { timeout: 60_000 }

let suite: Suite
let product: Product
let rig: ProxmoxRig
beforeAll(async () => {
  suite = new Suite()
  rig = new ProxmoxRig()
  suite.atEnd(() => rig.end())
  for (const name of ['web-1', 'web-2', 'db-1']) rig.world.add(name)
  product = await startProduct(suite)
}, 240_000)
afterAll(() => suite.end())

/** Of a dialog, which scrolls in itself. */
async function picture(page: Page, name: string): Promise<void> {
  expect(await faultsOf(page), name).toEqual([])
  for (const width of PICTURES ? [360, 1440] : [])
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(400)
      await page.screenshot({ path: join(PICTURES ?? '', `${name}-${colorScheme}-${width}.png`) })
    }
}

test('a source is added, checked, paused, changed, looked at and replayed in the browser', async (context) => {
  skipWithoutBrowser(context)
  const words = en.sources
  const page = await signedIn(product, { locale: 'en-GB', viewport: { width: 1440, height: 900 } })
  const complaints = watch(page)
  await page.goto(`${product.origin}/agents/sources`)
  await whenShown(page)
  await page.getByRole('button', { name: words.add, exact: true }).first().click()
  const dialog = page.getByRole('dialog')
  const button = (name: string) => dialog.getByRole('button', { name, exact: true })
  await dialog.getByLabel(words.choose_connector, { exact: true }).selectOption('proxmox')
  await dialog.getByLabel(words.realm, { exact: true }).fill('lab')
  const row = (number: number) => dialog.getByLabel(`Addresses ${number}`, { exact: true })
  await row(1).fill('https://127.0.0.1:1')
  await button(words.list_add).first().click()
  await row(2).fill(rig.server.url)
  await button('Remove Addresses 1').click()
  expect(await row(1).inputValue()).toBe(rig.server.url)
  await dialog.getByLabel(/^Token id/).fill(TOKEN.id)
  await dialog.getByLabel(/^Certificate authority/).fill(TRUSTED.ca)
  const secret = dialog.getByLabel(/^Token secret/)
  await secret.fill(WRONG)
  await dialog.getByLabel(words.interval_s, { exact: true }).fill('2')
  await button(words.check).click()
  await dialog.getByText(words.check_failed).waitFor(SLOW)
  expect(await dialog.getByRole('alert').innerText()).toMatch(/401: invalid token value[\s\S]*Check the token/)
  expect(await secret.getAttribute('aria-invalid')).toBe('true')
  expect(await dialog.innerText()).not.toContain(WRONG)
  await picture(page, 'source-wrong-token')
  await secret.fill(TOKEN.secret)
  expect(await dialog.getByRole('alert').count()).toBe(0)
  await button(words.check).click()
  await dialog.getByText(words.check_ok).waitFor(SLOW)
  expect(await dialog.getByRole('status').innerText()).toMatch(/Virtual machine 3[\s\S]*web-1/)
  await picture(page, 'source-right-token')
  await page.setViewportSize({ width: 1440, height: 900 })
  await button(en.common.add).click()
  await dialog.waitFor({ state: 'detached' })

  await page.getByRole('link', { name: 'lab', exact: true }).click()
  const main = page.locator('main')
  await main.getByText('Virtual machine 3').waitFor(SLOW)
  await main.getByRole('button', { name: words.payload_show }).click()
  await main.locator('pre').getByText('"type"').first().waitFor(SLOW)
  expect(await main.locator('pre').innerText()).not.toContain(TOKEN.secret)
  await main.getByRole('button', { name: words.replay_start, exact: true }).click()
  await main.getByText(words.replay_same).waitFor(SLOW)
  expect(await soundOf(page, 'source')).toEqual([])
  await page.setViewportSize({ width: 1440, height: 900 })

  await main.getByRole('button', { name: words.pause, exact: true }).click()
  await main.getByText(/^Paused since/).waitFor(SLOW)
  expect(await soundOf(page, 'source-paused')).toEqual([])
  await page.setViewportSize({ width: 1440, height: 900 })
  await main.getByRole('button', { name: words.resume, exact: true }).click()
  await main.getByText(/^Paused since/).waitFor({ state: 'detached' })

  // the stored secret is kept, and tried, where it is left as dots
  await main.getByRole('button', { name: words.change, exact: true }).click()
  await dialog.getByLabel(words.interval_s, { exact: true }).fill('3')
  await button(words.check).click()
  await dialog.getByText(words.check_ok).waitFor(SLOW)
  await button(en.common.save).click()
  await dialog.waitFor({ state: 'detached' })
  await main.getByRole('button', { name: words.version_back }).first().click()
  await button(words.version_back).click()
  await dialog.waitFor({ state: 'detached' })
  await main.getByRole('button', { name: words.version_back }).nth(1).waitFor(SLOW)
  expect(complaints).toEqual([])

  const spanish = await signedIn(product, { locale: 'es-ES', viewport: { width: 1440, height: 900 } })
  await spanish.goto(page.url())
  await spanish.getByText(es.sources.doing, { exact: true }).waitFor(SLOW)
  expect(await soundOf(spanish, 'source-es')).toEqual([])
  await spanish.goto(`${product.origin}/agents/sources`)
  await spanish.getByText(es.sources.lead, { exact: true }).waitFor(SLOW)
  expect(await soundOf(spanish, 'sources-es')).toEqual([])
  await spanish.context().close()
  await page.context().close()
}, 300_000)
