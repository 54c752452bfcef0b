/** Many prices in a browser: selected, changed, previewed, applied and undone; kept as a draft, asked what it would have changed, published. */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { soundOf } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

let suite: Suite
let product: Product

const ask = async <T>(path: string, body?: unknown): Promise<T> => {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers }
  const answer = await product.api(path, init)
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}
const MONTHS = 3
const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
/** The invoice once more in each of the months before, for both customers, with days of use instead of seconds: a past to ask about. */
async function agePast(): Promise<void> {
  const sql = postgres(product.installation.superuserUrl, {
    max: 1,
    onnotice: () => {},
    connection: { TimeZone: 'UTC' },
  })
  await sql`create temp table past as
    select *, begin + make_interval(days => 10 + 5 * m) as ending, row_number() over () as number from
      (select gen_random_uuid() as id, i.id as like_id, c.id as contract_id, c.account_id, m,
         date_trunc('month', i.period_from) - make_interval(months => m) + interval '12 hours' as begin
       from invoice i, contract c, generate_series(1, ${MONTHS}) m) as one`
  await sql`insert into invoice
    select (jsonb_populate_record(i, jsonb_build_object('id', p.id, 'account_id', p.account_id, 'contract_id', p.contract_id,
      'number', 'P-' || p.number, 'series_number', 1000 + p.number, 'period_from', p.begin, 'period_to', p.ending))).*
    from past p join invoice i on i.id = p.like_id`
  await sql`insert into invoice_line
    select p.id, l.position, l.line_id, p.account_id, l.resource_id, (c.net * 100)::bigint, l.content || jsonb_build_object('net', c.net::text, 'period', c.span,
      'segments', jsonb_build_array(l.content->'segments'->0 || c.span))
    from past p join invoice_line l on l.invoice_id = p.like_id,
      lateral (select round((l.content->'segments'->0->>'size')::numeric * extract(epoch from p.ending - p.begin)::numeric / 3600 * 0.0125, 2) as net,
        jsonb_build_object('from', to_char(p.begin, ${ISO}::text), 'to', to_char(p.ending, ${ISO}::text)) as span) as c
    where l.content->>'component' = 'host.vcpu'`
  await sql.end()
}

beforeAll(async () => {
  suite = new Suite()
  product = await startProduct(suite)
  if (!product.browser) return
  await whenNextReading(product)
  await ask('/prices', { kind: 'host', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.0125' })
  await ask('/prices', { kind: 'host', meter: 'instance', model: 'flat', per: 'month', unit: 'instance', amount: '70' })
  const tiers = [
    { up_to: '1000', unit_amount: '0.004', flat_amount: '0' },
    { up_to: null, unit_amount: '0.003', flat_amount: '1.5' },
  ]
  const memory = { kind: 'vm', meter: 'memory', model: 'graduated', per: 'hour', unit: 'GiB' }
  await ask('/prices', { ...memory, terms: { tiers, minimum: '2' } })
  const { items } = await ask<{ items: { id: string }[] }>('/accounts')
  await ask('/accounts', { name: 'Second customer' })
  await Bun.sleep(3_000)
  await ask('/invoices', { account_id: items[0]!.id })
  await agePast()
}, 240_000)
afterAll(() => suite.end())

async function look(page: Page, name: string): Promise<void> {
  expect([name, await soundOf(page, name)]).toEqual([name, []])
}

test('three prices change at once, and change back', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'en' })
  const complaints = watch(page)
  await page.goto(`${product.origin}/prices`)
  await page.getByRole('link', { name: 'Change many prices' }).click()
  await page.getByLabel('Per cent').fill('+10')
  await page.getByLabel('Round to').selectOption('0.0001')
  await page.getByText('€0.0138').first().waitFor()
  await page.getByText('+10.4 %').first().waitFor()
  await look(page, 'en-recalculation')
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
  expect(file.suggestedFilename()).toBe('prices.csv')
  await page.getByRole('button', { name: 'Apply 3 prices' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Winter prices')
  await dialog.getByLabel('Reason').fill('Energy rose')
  await dialog.getByRole('button', { name: 'Apply 3 prices' }).click()
  await page.getByRole('heading', { name: 'Winter prices' }).waitFor()
  await page.getByText('as decided').first().waitFor()
  await look(page, 'en-change')
  await page.getByRole('button', { name: 'Undo' }).click()
  await dialog.getByLabel('Reason').fill('A mistake')
  await dialog.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('heading', { name: 'Undo: Winter prices' }).waitFor()
  await page.getByRole('link', { name: 'Drafts and changes' }).first().click()
  await page.getByText('Undone').first().waitFor()
  await look(page, 'en-changes')
  expect(complaints).toEqual([])
  await page.context().close()
}, 120_000)

test('a draft is asked what it would have changed, and published', async (context) => {
  skipWithoutBrowser(context)
  const page = await signedIn(product, { locale: 'es' })
  const complaints = watch(page)
  await page.goto(`${product.origin}/prices/recalculation`)
  await page.getByLabel('Porcentaje').fill('-5')
  await look(page, 'es-recalculation')
  await page.getByRole('button', { name: 'Guardar como borrador' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Nombre').fill('Rebajas')
  await dialog.getByRole('button', { name: 'Guardar como borrador' }).click()
  await page.getByRole('heading', { name: 'Rebajas' }).waitFor()
  await page.getByRole('button', { name: 'Decidir un precio' }).click()
  await dialog.getByLabel('Medidor').selectOption('disk')
  await dialog.getByLabel('Precio', { exact: true }).fill('0,09')
  await dialog.getByRole('button', { name: 'Guardar' }).click()
  await page.getByText('sin precio').first().waitFor()
  await page.getByRole('button', { name: 'Cerrar', exact: true }).click()
  await page.getByText('Guardado en el borrador').waitFor({ state: 'detached' })
  await look(page, 'es-draft')
  await page.getByRole('button', { name: '¿Y si…?' }).click()
  await dialog.getByRole('button', { name: 'Calcularlo' }).click()
  await page.getByText('Terminado').waitFor({ timeout: 30_000 })
  await page.getByText('antes no tenía precio').waitFor()
  await page.getByText('Second customer').waitFor()
  const paysLess = page.getByText('Pagan menos', { exact: true }).locator('xpath=following-sibling::dd')
  expect(await paysLess.textContent()).toBe('2')
  await look(page, 'es-what-if')
  await page.getByRole('link', { name: 'Ver los precios' }).click()
  await page.getByRole('button', { name: 'Publicar' }).click()
  await dialog.getByLabel('Motivo').fill('Campaña')
  await dialog.getByRole('button', { name: 'Publicar' }).click()
  await page.getByText('Publicado').first().waitFor()
  expect(complaints).toEqual([])
  await page.context().close()
}, 120_000)
