/** Charging and sending in a browser: a charge is invoiced by itself, goes by mail once, is sent again by hand, and is given up. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { openPostOffice, type PostOffice, readable } from '../setup/post-office.ts'
import { Suite } from '../setup/stack.ts'
import { soundOf } from './faults.ts'
import { type Product, signedIn, startProduct, watch, whenNextReading } from './product.ts'

let suite: Suite
let product: Product
let office: PostOffice
let account = ''

async function ask<T>(path: string, body?: unknown, method = 'POST'): Promise<T> {
  const answer = await product.api(path, body === undefined ? {} : { method, body: JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text) as T
}
const first = async (path: string) => (await ask<{ items: { id: string }[] }>(path)).items[0]!.id

beforeAll(async () => {
  suite = new Suite()
  office = await openPostOffice(suite)
  product = await startProduct(suite, { ATALAYA_SMTP_URL: office.url, ATALAYA_MAIL_FROM: 'post@installation.example' })
  if (!product.browser) return
  await whenNextReading(product)
  account = await first('/accounts')
  await ask(`/accounts/${account}`, { email: 'ana@customer.example', language: 'es' }, 'PATCH')
  const seller = { email: 'billing@seller.example', send_automatically: true }
  await ask(`/legal-entities/${await first('/legal-entities')}`, seller, 'PATCH')
}, 240_000)
afterAll(() => suite.end())

/** Whole, and nothing wrong with it in either width. */
async function look(page: Page, name: string): Promise<void> {
  expect([name, await soundOf(page, name)]).toEqual([name, []])
}

const WORDS = {
  en: {
    add: 'Add a charge',
    en: 'Description in English',
    es: 'Description in Spanish',
    price: 'Unit price',
    reason: 'Reason',
    now: 'Invoice it now, by itself',
    sent: 'Sent',
    send: 'Send by mail',
    again: 'sent again once',
    write_off: 'Write off',
    uncollectible: 'Uncollectible',
    unpriced: 'Usage without a price',
  },
  es: {
    add: 'Añadir un cargo',
    en: 'Concepto en inglés',
    es: 'Concepto en español',
    price: 'Precio unitario',
    reason: 'Motivo',
    now: 'Facturarlo ahora, por separado',
    sent: 'Enviado',
    send: 'Enviar por correo',
    again: 'reenviado una vez',
    write_off: 'Dar por perdido',
    uncollectible: 'Incobrable',
    unpriced: 'Uso sin precio',
  },
} as const

for (const locale of ['en', 'es'] as const)
  test(`a charge is invoiced by itself, mailed once, sent again, and written off: ${locale}`, async (context) => {
    skipWithoutBrowser(context)
    const words = WORDS[locale]
    const page = await signedIn(product, { locale })
    const complaints = watch(page)
    await page.goto(`${product.origin}/invoices/drafts/${account}`)
    await page.getByRole('button', { name: words.add }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.en).fill('Installation')
    await dialog.getByLabel(words.es).fill('Instalación')
    await dialog.getByLabel(words.price).fill('80')
    await dialog.getByLabel(words.reason).fill('agreed by phone')
    await look(page, `${locale}-charge`)
    await dialog.getByLabel(words.now).check()
    await dialog.getByRole('button', { name: words.add }).click()
    await page.waitForURL(/\/invoices\/[0-9a-f-]{36}$/)
    await page.getByText(words.sent, { exact: true }).first().waitFor({ timeout: 30_000 })
    const number = (await page.getByRole('heading', { level: 1 }).textContent())!.trim()
    const mine = () => office.arrivals.filter(({ text }) => text.includes(`${number}.pdf`))
    expect(mine().map(({ to }) => to)).toEqual(['ana@customer.example'])
    expect(readable(mine()[0]!.text)).toContain(`Factura ${number}`)
    await page.getByRole('button', { name: words.send }).click()
    await page.getByRole('dialog').getByRole('button', { name: words.send }).click()
    await page.getByText(words.again).first().waitFor()
    await expect.poll(() => mine().length, { timeout: 30_000 }).toBe(2)
    await page.getByRole('button', { name: words.write_off }).click()
    await page.getByRole('dialog').getByLabel(words.reason).fill('bankrupt')
    await page.getByRole('dialog').getByRole('button', { name: words.write_off }).click()
    await page.getByText(words.uncollectible).first().waitFor()
    await look(page, `${locale}-invoice`)
    for (const [name, path] of [
      ['draft', `/invoices/drafts/${account}`],
      ['mails', '/invoices/mails'],
      ['queues', '/invoices/queues'],
      ['unowned', '/invoices/queues?queue=unowned'],
      ['invoices', '/invoices'],
      ['overview', '/'],
    ] as const) {
      await page.goto(product.origin + path)
      if (name === 'queues') await page.getByText(words.unpriced).first().waitFor()
      await page.waitForTimeout(1_000)
      await look(page, `${locale}-${name}`)
    }
    expect(complaints).toEqual([])
    await page.context().close()
  }, 180_000)
