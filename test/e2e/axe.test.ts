/** Every page in both themes, wide and narrow: no accessibility violation, and nothing that scrolls the page sideways. */
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { IS_FULL, VIEWS } from '../setup/size.ts'
import { faultsOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

let suite: Suite
let product: Product
let paths: string[]
beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  paths = product.browser ? await pathsOf(product) : []
}, 180_000)
afterAll(() => suite.end())

interface Items {
  items: { id: string }[]
}
const itemsOf = async (path: string): Promise<Items> => (await (await product.api(path)).json()) as Items

/** "2026-11" for any day of December 2026. */
const monthBefore = (now: Date): string =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)).toISOString().slice(0, 7)

/** Every page, with something in it: this machine, a draft, an invoice. */
async function pathsOf({ api }: Product): Promise<string[]> {
  const price = { kind: 'host', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.0125' }
  await api('/prices', { method: 'POST', body: JSON.stringify(price) })
  const host = await whenNextReading(product)
  const account = (await itemsOf('/accounts')).items[0]?.id
  const issued = await api('/invoices', { method: 'POST', body: JSON.stringify({ account_id: account }) })
  expect(issued.status, await issued.clone().text()).toBe(201)
  const made = async (path: string, body: object) =>
    ((await (await api(path, { method: 'POST', body: JSON.stringify(body) })).json()) as { id: string }).id
  const change = await made('/price-changes', { name: 'Dearer', recalculation: { percent: '10' } })
  const report = await made('/what-ifs', { price_change_id: change })
  const costs = (await (
    await api('/cost-books', { method: 'POST', body: JSON.stringify({ name: 'Own machines' }) })
  ).json()) as { price_book_id: string }
  await api('/prices', {
    method: 'POST',
    body: JSON.stringify({ ...price, amount: '0.005', price_book_id: costs.price_book_id }),
  })
  const index = await made('/price-indexes', { name: 'EPEX-ES', currency: 'EUR', unit: 'MWh' })
  const hour = (back: number) => new Date((Math.floor(Date.now() / 3_600_000) - back) * 3_600_000).toISOString()
  const values = Array.from({ length: 160 }, (_, i) => ({ from: hour(140 - i), amount: String(((i * 37) % 120) - 20) }))
  const published = await api(`/price-indexes/${index}/values`, { method: 'POST', body: JSON.stringify({ values }) })
  expect(published.status, await published.clone().text()).toBe(201)
  const invoice = (await itemsOf('/invoices')).items[0]?.id
  const rule = { name: 'By team', condition: { attribute: { path: ['attributes', 'labels', 'team'] } } }
  await made('/assignment-rules/changes', {
    ...rule,
    kind: 'create',
    effect: { to: 'values', values: { red: { account_id: account } } },
  })
  const opened = await api('/period-closes', {
    method: 'POST',
    body: JSON.stringify({ month: monthBefore(new Date()) }),
  })
  expect(opened.status, await opened.clone().text()).toBe(201)
  const close = (await opened.json()) as { id: string }
  const shelved = { type: 'disk', model: 'PM883', site: 'MAD1', place: 'Shelf 3' }
  const parts = ['S3Z8NX0K500123', 'S3Z8NX0K500124'].map((serial) => ({ ...shelved, serial }))
  await made('/hardware/entries', { state: 'in_stock', parts })
  const rack = await made('/hardware/racks', { site: 'MAD1', name: 'A-07', unit_count: 12 })
  await made('/hardware/mounts', { rack_id: rack, resource_id: host, unit: 3, height_units: 2 })
  return [
    '/',
    '/resources',
    '/resources?q=nothing-is-called-so',
    `/resources/${host}`,
    '/resources/ownership',
    '/resources/ownership?add=1',
    `/resources/topology?at=${host}`,
    '/resources/hardware',
    '/resources/hardware?part=disk/S3Z8NX0K500123',
    '/resources/hardware?put=1',
    '/resources/hardware?q=nothing-is-called-so',
    `/resources/hardware/racks?rack=${rack}`,
    '/resources/hardware/racks?add=1',
    '/agents',
    '/agents?enrol=1',
    '/agents?add=1',
    '/agents/roll-outs',
    '/agents/roll-outs?upload=1',
    '/agents/accounting',
    '/agents/quarantine',
    '/prices',
    '/prices?set=1',
    '/prices/recalculation',
    '/prices/changes',
    `/prices/changes/${change}`,
    `/prices/what-ifs/${report}`,
    '/coupons',
    '/plans',
    `/accounts/${account}/services`,
    '/invoices',
    `/invoices/drafts/${account}`,
    `/invoices/${invoice}`,
    '/invoices/margins',
    '/invoices/margins?by=resource',
    '/invoices/margins/idle',
    '/invoices/margins/idle?by=namespace',
    '/prices/costs',
    '/prices/indexes',
    '/invoices/months',
    `/invoices/months/${close.id}`,
    `/invoices/re-ratings/${account}`,
    '/accounts',
    '/accounts?add=1',
    '/audit',
    '/audit?actor=nobody-is-called-so',
    '/settings',
    '/settings/people',
    '/settings/profile',
    '/there-is-no-such-page',
  ]
}

// at the small size each view has every other page
for (const [look, [theme, width]] of VIEWS.entries())
  test(`every page is accessible and fits, ${theme}, ${width} px`, { timeout: 300_000 }, async (context) => {
    skipWithoutBrowser(context)
    const page = await signedIn(product, { colorScheme: theme, viewport: { width, height: 900 }, locale: 'en-GB' })
    const complaints = watch(page)
    const faults: string[] = []
    for (const path of paths.filter((_, index) => IS_FULL || index % VIEWS.length === look)) {
      await page.goto(product.origin + path)
      await whenShown(page)
      faults.push(...(await faultsOf(page)).map((fault) => `${path}: ${fault}`))
    }
    expect(faults).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })

test('the pages before sign-in, the palette and the keys are accessible', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en-GB' })
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill(hostname())
  await page.getByRole('option').first().waitFor()
  expect(await faultsOf(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  expect(await faultsOf(page)).toEqual([])
  await page.context().clearCookies()
  for (const path of ['/sign-in', '/sign-in?with=token', '/forgotten-password', '/reset-password', '/confirm-email']) {
    await page.goto(product.origin + path)
    await page.locator('main h1').waitFor()
    expect(await faultsOf(page), path).toEqual([])
  }
  await page.context().close()
})
