/**
 * Two ways through the product, in English and in Spanish: a clerk sets next month's price, closes a month, and corrects what late facts
 * changed; a customer asks why his bill is 41.37 and goes down to the readings.
 */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import { workOnCloses } from '#control-plane/closing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { stand } from '#control-plane/limits/index.ts'
import { en } from '#ui/i18n/en.ts'
import { es } from '#ui/i18n/es.ts'
import { type Agent, enrolledAgent, vm } from '../integration/agent.ts'
import { market, sell, settled, transfer } from '../integration/ledger.ts'
import type { Prepared } from '../integration/prepared.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { type Served, serve } from '../setup/served.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf } from './faults.ts'
import { watch } from './product.ts'
import { raised } from '../setup/raised.ts'

const SPOKEN = { en: { locale: 'en-GB', words: en }, es: { locale: 'es-ES', words: es } } as const
const LANGUAGES = ['en', 'es'] as const
type Words = typeof en | typeof es
/** Two days before the end of October in Madrid, which is at 23:00 of UTC. */
const START = Date.parse('2026-10-29T23:00:00.000Z')
const HOURS = 48
const NOW = Date.parse('2026-11-02T10:00:00.000Z')
const PICTURES = process.env['ATALAYA_PICTURES']

interface Stage {
  world: Prepared
  served: Served
  agent: Agent
  acme: string
}
let suite: Suite
const stages = new Map<string, Stage>()

/** Acme used 29.39 GB and 2 vCPU for 48 h: 34.19 net, 41.37 with tax. Beta had a machine of 4. */
async function stageOf(): Promise<Stage> {
  const world = await market(suite, new Date(START).toISOString())
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', amount: '1' })
  const open = (name: string) => world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const [acme, beta] = [(await open('Acme')).id, (await open('Beta')).id]
  const agent = await enrolledAgent(world, 'walk', null)
  const machines = [vm('acme-web', { size: { vcpu_count: 2 } }), vm('beta-db', { size: { vcpu_count: 4 } })]
  for (let hour = 0; hour <= HOURS; hour += 1) {
    const at = START + hour * HOUR_MS
    world.clock.now = at + 1_000
    const sent = Math.round((29_390_000_000 * hour) / HOURS)
    const epoch = { id: 'boot', origin_ms: START }
    await agent.send([
      agent.listing(at, 'h', machines),
      agent.readings(at, 'acme-web', { 'network_transmit_bytes/eth0': sent }, { epoch, interval_ms: HOUR_MS }),
    ])
    if (hour > 0) continue
    await settled(world)
    await transfer(world, 'acme-web', acme, START, 'from the start')
    await transfer(world, 'beta-db', beta, START, 'from the start')
  }
  await settled(world)
  world.clock.now = NOW
  return { world, served: await serve(suite, world), agent, acme }
}

beforeAll(async () => {
  suite = new Suite()
  for (const language of LANGUAGES) stages.set(language, await stageOf())
}, 240_000)
afterAll(() => suite.end())

/** A text of the dictionary, whatever stands in its places. */
const saying = (text: string, values: Record<string, string> = {}): RegExp =>
  new RegExp(
    `^${text
      .replaceAll(/\{\{ (\w+) \}\}/g, (_all, name: string) => `\u0000${name}\u0000`)
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(/\0(\w+)\0/g, (_all, name: string) => values[name] ?? '.+')}$`,
  )

async function picture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return
  for (const width of [1440, 360])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${width}.png`), fullPage: true })
    }
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.emulateMedia({ colorScheme: 'light' })
}

/** From 1 December on a vCPU costs 6 cents an hour. */
async function changePrice(page: Page, words: Words): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/prices?set=1`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(words.prices.kind, { exact: true }).selectOption('vm')
  await dialog.getByLabel(words.prices.meter, { exact: true }).selectOption('vcpu')
  await dialog.getByLabel(words.prices.amount, { exact: true }).fill('0.06')
  await dialog.getByText(words.prices.from_instant, { exact: true }).first().click()
  await dialog.getByLabel(words.prices.from_instant, { exact: true }).last().fill('2026-12-01T00:00')
  await dialog.getByRole('button', { name: words.common.save }).click()
  await dialog.waitFor({ state: 'detached' })
  await page
    .getByText(/0[.,]06/)
    .first()
    .waitFor()
}

/** Opens October, looks at its flags, holds Beta back and lets it in again, and issues both invoices. */
async function closeMonth(page: Page, words: Words, { world }: Stage): Promise<void> {
  const { closing } = words
  await page.goto(`${new URL(page.url()).origin}/invoices`)
  await page.getByRole('link', { name: closing.title }).click()
  await page.getByRole('button', { name: closing.open, exact: true }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: closing.open_button }).click()
  await page.waitForURL(/\/invoices\/months\/[0-9a-f-]{36}$/)
  const work = setInterval(() => void workOnCloses(world.db, () => world.clock.now, raised), 500)
  try {
    await page.getByText(closing.flag.first_bill).first().waitFor()
    await page.getByRole('button', { name: `${closing.hold}: Beta` }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(closing.reason, { exact: true }).fill('asked the customer')
    await dialog.getByRole('button', { name: closing.hold }).click()
    await page.getByText('asked the customer').first().waitFor()
    await page.getByRole('button', { name: `${closing.release}: Beta` }).click()
    const issue = page.getByRole('button', { name: closing.finalise(2), exact: true })
    await issue.click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: closing.finalise(2), exact: true })
      .click()
    await page.getByText(closing.close_state.closed, { exact: true }).first().waitFor()
    expect(await faultsOf(page)).toEqual([])
  } finally {
    clearInterval(work)
  }
}

/** For ten hours of the last day the machine stood still: what the hypervisor had seen comes late. */
async function lateFacts({ world, agent }: Stage): Promise<void> {
  world.clock.now += HOUR_MS
  for (let half = 0; half < 10; half += 1) {
    const at = START + (30 + half) * HOUR_MS
    const stood = [
      vm('acme-web', { size: { vcpu_count: 2 } }),
      vm('beta-db', { size: { vcpu_count: 4 }, state: 'stopped' }),
    ]
    await agent.send([agent.listing(at + HOUR_MS / 2, 'h', stood)])
  }
  await settled(world)
}

/** The review names the late facts; a credit note of the difference is issued from it. */
async function correct(page: Page, words: Words): Promise<void> {
  const { notes } = words
  await page.goto(`${new URL(page.url()).origin}/invoices`)
  await page.getByRole('button', { name: notes.look, exact: true }).click()
  await page.getByRole('link', { name: `${notes.review}: Beta`, exact: true }).click()
  await page.getByText(notes.causes.late_facts).filter({ visible: true }).first().waitFor()
  await page.getByRole('button', { name: notes.issue(1), exact: true }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: notes.issue(1), exact: true })
    .click()
  await page.getByRole('link', { name: /^A-2026-CN-000001$/ }).click()
  await page.getByRole('heading', { name: notes.outcomes.credit_note, level: 2 }).first().waitFor()
}

// before the clerk issues it
test.for(LANGUAGES)('a customer: why is it 41.37? From the bill to the readings (%s)', async (language, context) => {
  skipWithoutBrowser(context)
  const { locale, words } = SPOKEN[language]
  const { served, world, acme } = stages.get(language)!
  await world.run((ctx) => stand(ctx, acme))
  const page = (await served.tab(await served.keyOf('tenant_owner', acme), { locale, timezoneId: 'Europe/Madrid' }))!
  const complaints = watch(page)
  const number = language === 'en' ? '41.37' : '41,37'
  await page.goto(`${served.origin}/invoices?month=2026-10`)
  await page.locator('[data-month-total]').getByText(number).waitFor()
  await picture(page, `${language}-bill`)
  expect(await faultsOf(page)).toEqual([])
  await page.getByRole('link', { name: words.my.why }).click()
  await page.locator('dl[data-totals] dd').last().getByText(number).waitFor()
  const traffic = `acme-web, ${words.meter.network_transmit_bytes}`
  await page.getByRole('button', { name: saying(words.document.explain_line, { line: traffic }) }).click()
  const drawer = page.getByRole('dialog', { name: words.explain.title })
  await readings(page, words)
  await picture(page, `${language}-explain`)
  expect(await faultsOf(page)).toEqual([])
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await page.context().close()
})

test.for(LANGUAGES)(
  'a clerk: a price of next month, the close of a month, late facts, and the credit note (%s)',
  async (language, context) => {
    skipWithoutBrowser(context)
    const { locale, words } = SPOKEN[language]
    const stage = stages.get(language)!
    const { served, world } = stage
    const key = await served.keyOf('finance', null)
    const page = (await served.tab(key, { locale, timezoneId: 'Europe/Madrid' }))!
    const complaints = watch(page)
    await changePrice(page, words)
    await closeMonth(page, words, stage)
    await picture(page, `${language}-close`)
    await lateFacts(stage)
    await correct(page, words)
    // 4 vCPU for half of ten hours, at 5 cents: 1.00 net
    const totals = await page.locator('dl[data-totals] dd').allTextContents()
    expect(totals.map((text) => text.replaceAll(/[^\d.,-]/g, '').replace(',', '.'))).toEqual(['1.00', '0.21', '1.21'])
    await picture(page, `${language}-note`)
    expect((await world.run(verify)).findings).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  },
)

/** By keyboard alone: down the tree to the last hour and what its counter read. */
async function readings(page: Page, words: Words): Promise<void> {
  const tree = page.getByRole('dialog', { name: words.explain.title }).getByRole('tree')
  const rows = tree.getByRole('treeitem')
  await rows.first().focus()
  // the line is open: into its one stretch, then into its last hour
  for (const key of ['ArrowDown', 'ArrowRight', 'End', 'ArrowRight', 'End']) await page.keyboard.press(key)
  expect(await rows.count()).toBe(2 + HOURS + 2)
  expect(await tree.getByText('✓').count()).toBe(2)
  await tree.getByText(new RegExp(`${words.explain.hours(HOURS)}: 29[.,]390[.,]000[.,]000`)).waitFor()
  // where the keyboard stands: the last reading within the hour, after 47 of 48
  const last = page.locator('[role=treeitem]:focus')
  expect((await last.textContent())?.replaceAll(/[.,]/g, '')).toContain('28777708333')
  expect(await last.getAttribute('aria-level')).toBe('4')
}
