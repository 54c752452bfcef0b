/** For a hundred random accounts the API, its lists, the CSV, the PDF, `/metrics` and the page in a browser say the same amounts, digit by digit. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exponentOf } from '#control-plane/base/money.ts'
import type { Invoice } from '#control-plane/billing/contract.ts'
import type { MonthBill } from '#control-plane/limits/contract.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { pdfText } from '../setup/pdf-text.ts'
import { type Served, serve } from '../setup/served.ts'
import { Suite } from '../setup/stack.ts'
import { type Call, apiOf, appOf } from './http.ts'
import { type Hundred, hundredAccounts } from './hundred-accounts.ts'

const SEED = Number(process.env['ATALAYA_SEED'] ?? 1)
/** fewer while one works on it */
const COUNT = Number(process.env['ATALAYA_ACCOUNTS'] ?? 100)
let suite: Suite
let hundred: Hundred
let call: Call
let served: Served
let scraped = ''
const invoices: Invoice[] = []
const scrapeAs = async (key: string) =>
  (await fetch(`${served.origin}/metrics`, { headers: { authorization: `Bearer ${key}` } })).text()

beforeAll(async () => {
  suite = new Suite()
  hundred = await hundredAccounts(suite, SEED, COUNT)
  call = await apiOf(suite, hundred.world)
  served = await serve(suite, hundred.world)
  scraped = await scrapeAs(await served.keyOf('owner', null))
  for (let cursor = ''; ;) {
    const { body } = await call('GET', `/invoices?limit=100${cursor}`)
    for (const { id } of body['items']) invoices.push((await call('GET', `/invoices/${id}`)).body as unknown as Invoice)
    if (body['next_cursor'] === null) break
    cursor = `&cursor=${body['next_cursor']}`
  }
}, 600_000)
afterAll(() => suite.end())

/** "1234.50" in minor units of a currency; another number of decimals is another number. */
function minor(text: string | undefined, currency: string): bigint {
  const digits = exponentOf(currency)
  const [, sign, whole = '', decimals = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text ?? '') ?? []
  if (whole === '' || decimals.length !== digits) throw new Error(`${text} is no amount in ${currency}`)
  return BigInt(`${sign}${whole}${decimals}`)
}
/** "1.234,50 €", "¥1,234" as a language writes it. */
function written(text: string, currency: string, language: 'en' | 'es'): bigint {
  const [group, mark] = language === 'en' ? [',', '.'] : ['.', ',']
  const plain = text.replaceAll(/[^\d.,-]/g, '').replaceAll(group, '')
  return minor(plain.replace(mark, '.'), currency)
}
const sum = (list: readonly bigint[]): bigint => list.reduce((total, one) => total + one, 0n)
const signed = ({ document_type, totals, currency }: Pick<Invoice, 'document_type' | 'totals' | 'currency'>) =>
  (document_type === 'credit_note' ? -1n : 1n) * minor(totals.total, currency)

test('there are a hundred accounts in three currencies, each with an invoice, and notes of both kinds', () => {
  expect(new Set(invoices.filter((one) => one.document_type === 'invoice').map((one) => one.account_id)).size).toBe(
    COUNT,
  )
  expect(new Set(invoices.map((one) => one.currency))).toEqual(new Set(['EUR', 'JPY', 'KWD']))
  expect(new Set(invoices.map((one) => one.document_type)).size).toBe(3)
  expect(new Set(invoices.flatMap((one) => one.lines.map((line) => line.price.model))).size).toBe(6)
  expect(invoices.filter((one) => minor(one.totals.total, one.currency) > 0n).length).toBeGreaterThan(COUNT)
})

test('the API: lines, taxes and totals of each document add up', () => {
  for (const { content, lines, totals, currency, number } of invoices) {
    const of = (text: string) => minor(text, currency)
    expect(content.totals).toEqual(totals)
    expect([number, sum(lines.map((line) => of(line.net)))]).toEqual([number, of(totals.net)])
    expect(sum(content.taxes.map((tax) => of(tax.base)))).toBe(of(totals.net))
    expect(sum(content.taxes.map((tax) => of(tax.tax)))).toBe(of(totals.tax))
    expect(of(totals.net) + of(totals.tax)).toBe(of(totals.total))
  }
})

/** Rows of CSV, without the quotes that none of these values needs inside. */
const csvRows = (text: string): Record<string, string>[] => {
  const [head = '', ...rest] = text.trimEnd().split('\r\n')
  const cells = (line: string) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) => cell)
  return rest.map((line) => {
    const values = cells(line)
    return Object.fromEntries(head.split(',').map((name, index) => [name, values[index] ?? '']))
  })
}

test('the list and both kinds of CSV', async () => {
  const rows = new Map(csvRows((await call('GET', '/invoices.csv')).text).map((row) => [row['id'], row]))
  expect(rows.size).toBe(invoices.length)
  for (const invoice of invoices) {
    const { id, totals, currency, lines } = invoice
    const row = rows.get(id)!
    expect([row['net'], row['tax'], row['total'], row['currency']]).toEqual([
      totals.net,
      totals.tax,
      totals.total,
      currency,
    ])
    expect(minor(row['owed'], currency)).toBe(signed(invoice))
    const told = csvRows((await call('GET', `/invoices/${id}/lines.csv`)).text)
    expect(told.map((line) => line['net'])).toEqual(lines.map((line) => line.net))
  }
})

test('the PDF of each document, in both languages', async () => {
  const app = await appOf(suite, hundred.world)
  const key = await served.keyOf('owner', null)
  for (const { id, number, totals, currency, lines, content } of invoices)
    for (const language of ['en', 'es'] as const) {
      const answer = await app.request(`/api/v1/invoices/${id}/pdf?language=${language}`, {
        headers: { authorization: `Bearer ${key}` },
      })
      const text = pdfText(new Uint8Array(await answer.arrayBuffer())).split('\n')
      const amounts = text.filter((piece) => piece.endsWith(` ${currency}`) && !piece.includes('('))
      const last = amounts.slice(-2 - content.taxes.length).map((piece) => written(piece, currency, language))
      const taxes = content.taxes.map((tax) => tax.tax)
      const wanted = [totals.net, ...taxes, totals.total].map((one) => minor(one, currency))
      expect([number, language, last]).toEqual([number, language, wanted])
      // the last cell of each line stands alone: a number and nothing else
      const alone = text.filter((piece) => /^-?[\d.,]+$/.test(piece)).map((piece) => piece)
      const nets = lines.flatMap(({ net, correction }) =>
        correction ? [correction.billed, correction.due, net] : [net],
      )
      expect([number, language, alone.map((piece) => written(piece, currency, language))]).toEqual([
        number,
        language,
        nets.map((net) => minor(net, currency)),
      ])
    }
}, 120_000)

interface Sample {
  name: string
  labels: Record<string, string>
  value: string
}
const samples = (text: string): Sample[] =>
  text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = /^([a-z_]+)\{(.*)\} (\S+)$/.exec(line) ?? []
    if (name === '') return []
    const unescape = (one: string) => one.replaceAll(/\\(.)/g, (_all, next: string) => (next === 'n' ? '\n' : next))
    const pairs = [...labels.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, of = '', is = '']) => [of, unescape(is)])
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value }]
  })
const ofAccount = (all: readonly Sample[], name: string, account_id: string) =>
  all.filter((one) => one.name === `atalaya_${name}` && one.labels['account_id'] === account_id)

test('/metrics: what was invoiced, and what the next invoice stands at', async () => {
  const all = samples(scraped)
  for (const account of hundred.accounts) {
    const own = invoices.filter((one) => one.account_id === account.id)
    for (const [type, list] of Map.groupBy(own, (one) => one.document_type)) {
      const valueOf = (name: string) =>
        ofAccount(all, name, account.id).find((one) => one.labels['document_type'] === type)
      const total = sum(list.map((one) => minor(one.totals.total, one.currency)))
      const tax = sum(list.map((one) => minor(one.totals.tax, one.currency)))
      const { labels, value } = valueOf('invoiced_amount_total')!
      expect(labels).toEqual({
        account_id: account.id,
        account: account.name,
        currency: account.currency,
        document_type: type,
      })
      expect(minor(value, account.currency)).toBe(total)
      expect(minor(valueOf('invoiced_tax_amount_total')?.value, account.currency)).toBe(tax)
      expect(valueOf('invoiced_documents_total')?.value).toBe(String(list.length))
    }
    const { body } = await call('GET', `/accounts/${account.id}/draft`)
    const [amount] = ofAccount(all, 'draft_amount', account.id)
    expect([account.name, amount?.value]).toEqual([account.name, body['totals'].total])
    expect(ofAccount(all, 'draft_tax_amount', account.id)[0]?.value).toBe(body['totals'].tax)
  }
})

test('a customer scrapes his own bills alone, and who may not see bills scrapes none', async () => {
  const [first] = hundred.accounts
  const own = samples(await scrapeAs(await served.keyOf('tenant_owner', first!.id))).filter(
    (one) => 'account_id' in one.labels,
  )
  expect(own.length).toBeGreaterThanOrEqual(6)
  expect(new Set(own.map((one) => one.labels['account_id']))).toEqual(new Set([first!.id]))
  expect(await scrapeAs(await served.keyOf('tenant_member', first!.id))).not.toContain('account_id=')
})

test('the month by the day adds up to the invoices and the draft, to the minor unit', async () => {
  const listed = new Map(
    ((await call('GET', '/drafts')).body['items'] as { account: { id: string }; totals: Invoice['totals'] }[]).map(
      (one) => [one.account.id, one.totals],
    ),
  )
  for (const { id, name, currency } of hundred.accounts) {
    const month = (await call('GET', `/accounts/${id}/bill?month=2026-11`)).body as unknown as MonthBill
    const of = (text: string) => minor(text, currency)
    const { body: draft } = await call('GET', `/accounts/${id}/draft`)
    expect([name, month.open?.totals]).toEqual([name, draft['totals']])
    expect(listed.get(id)).toEqual(draft['totals'])
    const own = invoices.filter((one) => one.account_id === id)
    expect(of(month.totals.total)).toBe(sum(own.map(signed)) + of(draft['totals'].total))
    expect([name, sum(month.days.map((day) => of(day.total)))]).toEqual([name, of(month.totals.total)])
    expect(sum(month.days.map((day) => of(day.net)))).toBe(of(month.totals.net))
    expect(month.days.at(-1)?.so_far).toEqual({ net: month.totals.net, total: month.totals.total })
    expect([name, month.forecast && of(month.forecast.total) > of(month.totals.total)]).toEqual([name, true])
  }
}, 240_000)

const pageIn = async (language: 'en' | 'es'): Promise<Page> =>
  (await served.tab(await served.keyOf('owner', null), { locale: language === 'en' ? 'en-GB' : 'es-ES' }))!

/** What the document on the page says: nets of its lines, and its totals, as they are written. */
async function shownOn(page: Page, path: string) {
  await page.evaluate((to) => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, path)
  await page.locator(`article[data-document="${path.split('/').at(-1)}"]`).waitFor()
  return page.locator('article').evaluate((article) => ({
    nets: [...article.querySelectorAll('td[data-net]')].map((cell) => cell.textContent ?? ''),
    totals: [...article.querySelectorAll('dl[data-totals] dd')].map((cell) => cell.textContent ?? ''),
  }))
}

test('the page of each document in a real browser, in English and in Spanish', async (context) => {
  skipWithoutBrowser(context)
  const pages = { en: await pageIn('en'), es: await pageIn('es') }
  for (const [index, { id, number, totals, currency, lines, content }] of invoices.entries()) {
    const language = index % 2 === 0 ? 'en' : 'es'
    const shown = await shownOn(pages[language], `/invoices/${id}`)
    const wanted = [totals.net, ...content.taxes.map((tax) => tax.tax), totals.total].map((one) => minor(one, currency))
    expect([number, shown.totals.map((text) => written(text, currency, language))]).toEqual([number, wanted])
    expect([number, shown.nets.map((text) => written(text, currency, language))]).toEqual([
      number,
      lines.map((line) => minor(line.net, currency)),
    ])
  }
  for (const language of ['en', 'es'] as const) {
    const page = pages[language]
    for (const { id, currency } of hundred.accounts.slice(0, 12)) {
      const { body: draft } = await call('GET', `/accounts/${id}/draft`)
      const shown = await shownOn(page, `/invoices/drafts/${id}`)
      const last = shown.totals.at(-1) ?? ''
      expect([id, written(last, currency, language)]).toEqual([id, minor(draft['totals'].total, currency)])
    }
    await page.goto(`${served.origin}/invoices`)
    const table = page.locator('[data-invoice]')
    await table.first().waitFor()
    const listed = await table.evaluateAll((cells) =>
      cells.map((one) => [one.getAttribute('data-invoice'), one.textContent] as const),
    )
    expect(listed.length).toBe(invoices.length)
    for (const [id, text] of listed) {
      const invoice = invoices.find((one) => one.id === id)!
      expect([invoice.number, written(text ?? '', invoice.currency, language)]).toEqual([
        invoice.number,
        signed(invoice),
      ])
    }
    await page.context().close()
  }
}, 240_000)
