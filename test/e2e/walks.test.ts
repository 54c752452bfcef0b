/**
 * A finance clerk's way through the product, in English and in Spanish, by clicks and keys alone: she draws up a plan and sells it, sets
 * next month's price, changes many, closes the month, looks at what is unusual, issues and sends all bills, and corrects what came late.
 */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { letterWriter, verify } from '#control-plane/billing/index.ts'
import { workOnCloses } from '#control-plane/closing/index.ts'
import { createPost, sendMails } from '#control-plane/mails/index.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { openPostOffice, type PostOffice } from '../setup/post-office.ts'
import { raised } from '../setup/raised.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, pictures } from './faults.ts'
import { watch } from './product.ts'
import {
  BILLED_HOURS,
  figures,
  HOURS,
  LANGUAGES,
  NOVEMBER_2,
  report,
  reportLate,
  SPOKEN,
  type Stage,
  stageOf,
  type Words,
} from './walk-stage.ts'

let suite: Suite
const stages = new Map<string, Stage & { office: PostOffice }>()
beforeAll(async () => {
  suite = new Suite()
  for (const language of LANGUAGES)
    stages.set(language, { ...(await stageOf(suite)), office: await openPostOffice(suite) })
}, 240_000)
afterAll(() => suite.end())

/** Where she is: her page, its words, and what stands behind it. */
interface Walk {
  page: Page
  words: Words
  stage: Stage & { office: PostOffice }
  /** a picture of the page as it stands, and nothing wrong with it */
  look: (name: string) => Promise<void>
}

const turnTo = ({ page, words }: Walk, place: keyof Words['nav']) =>
  page.getByRole('navigation').getByRole('link', { name: words.nav[place], exact: true }).click()
const dialogOf = (page: Page) => page.getByRole('dialog')
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).first().click()
/** The button that opened the dialog stands in it once more. */
const confirm = (page: Page, name: string) => dialogOf(page).getByRole('button', { name, exact: true }).click()
const figureOf = (page: Page, label: string) =>
  page.getByText(label, { exact: true }).locator('xpath=following-sibling::dd').textContent()

/** "Care" for 30 a month, put on sale. */
async function drawUpPlan(walk: Walk): Promise<void> {
  const { page, words } = walk
  const dialog = dialogOf(page)
  await turnTo(walk, 'plans')
  await press(page, words.plans.new)
  await dialog.getByLabel(words.plans.name_en).fill('Care')
  await dialog.getByLabel(words.plans.name_es).fill('Mantenimiento')
  await dialog.getByLabel(words.plans.product_kind).selectOption('support')
  await walk.look('plan-dialog')
  await confirm(page, words.common.save)
  await press(page, words.plans.add_fee)
  await dialog.getByLabel(words.prices.amount, { exact: true }).fill('30')
  await walk.look('plan-fee')
  await confirm(page, words.common.save)
  await page
    .getByText(words.prices.current, { exact: true })
    .or(page.getByText(/30[.,]00/))
    .first()
    .waitFor()
  await press(page, words.plans.publish)
  await confirm(page, words.plans.publish)
  await page.getByText(words.plans.state.published, { exact: true }).first().waitFor()
  await walk.look('plan')
}

/** Beta takes it, as of now: the preview says what the rest of the month costs. */
async function subscribe(walk: Walk): Promise<void> {
  const { page, words } = walk
  await turnTo(walk, 'accounts')
  await page.getByRole('link', { name: words.services.title.replace('{{ name }}', 'Beta') }).click()
  await press(page, words.services.subscribe)
  await dialogOf(page).getByText(/→/).waitFor()
  await walk.look('subscribe')
  await confirm(page, words.services.subscribe)
  await page
    .getByText(/30[.,]00/)
    .first()
    .waitFor()
  await walk.look('services')
}

/** From 1 November on a vCPU costs 6 cents an hour. */
async function changePrice(walk: Walk): Promise<void> {
  const { page, words } = walk
  const dialog = dialogOf(page)
  await turnTo(walk, 'prices')
  await press(page, `${words.prices.new_version}: ${words.meter.vcpu}`)
  await dialog.getByLabel(words.prices.amount, { exact: true }).fill('0.06')
  await dialog.getByText(words.prices.from_instant, { exact: true }).first().click()
  await dialog.getByLabel(words.prices.from_instant, { exact: true }).last().fill('2026-11-01T00:00')
  await walk.look('price-dialog')
  await confirm(page, words.common.save)
  await page
    .getByText(/0[.,]06/)
    .first()
    .waitFor()
  await walk.look('prices')
}

/** Traffic becomes a tenth dearer from December on: what October, which isn't billed yet, would have come to stands beside it. */
async function changeMany(walk: Walk): Promise<void> {
  const { page, words } = walk
  await turnTo(walk, 'prices')
  await page.getByRole('link', { name: words.repricing.recalculate }).click()
  await page.getByLabel(words.prices.meter).selectOption('network_transmit_bytes')
  await page.getByLabel(words.repricing.percent).fill('+10')
  await page
    .getByText(/1[.,]10/)
    .first()
    .waitFor()
  // 29.39 and 40 GB
  expect(figures([(await figureOf(page, words.repricing.revenue_after))!])).toEqual(['76.33'])
  await walk.look('recalculation')
  const apply = words.repricing.apply(1)
  await press(page, apply)
  await dialogOf(page).getByLabel(words.repricing.name).fill('Winter')
  await dialogOf(page).getByLabel(words.common.reason).fill('transit rose')
  await confirm(page, apply)
  await page.getByRole('heading', { name: 'Winter' }).waitFor()
  await walk.look('price-change')
}

/** Opens October, asks about Beta's bill, which is far more than usual, and issues both. */
async function closeMonth(walk: Walk): Promise<void> {
  const { page, words, stage } = walk
  const { closing } = words
  await turnTo(walk, 'invoices')
  await page.getByRole('link', { name: closing.title }).click()
  await press(page, closing.open)
  await confirm(page, closing.open_button)
  await page.waitForURL(/\/invoices\/months\/[0-9a-f-]{36}$/)
  const work = setInterval(() => void workOnCloses(stage.world.db, () => stage.world.clock.now, raised), 500)
  try {
    const rowOf = (name: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
    await rowOf('Beta').getByText(closing.flag.far_more).waitFor()
    await rowOf('Acme').getByText(closing.flag.first_bill).waitFor()
    await press(page, `${closing.hold}: Beta`)
    await dialogOf(page).getByLabel(closing.reason, { exact: true }).fill('asked the customer')
    await confirm(page, closing.hold)
    await page.getByText('asked the customer').first().waitFor()
    await walk.look('close-held')
    await press(page, `${closing.release}: Beta`)
    await press(page, closing.finalise(2))
    await confirm(page, closing.finalise(2))
    await page.getByText(closing.close_state.closed, { exact: true }).first().waitFor()
    await walk.look('close')
  } finally {
    clearInterval(work)
  }
}

/** The month goes by mail; whoever asks for it again, and however often the sender looks, each customer gets one. */
async function sendAll(walk: Walk): Promise<void> {
  const { page, words, stage } = walk
  const { world, office } = stage
  const from = 'post@installation.example'
  const compose = letterWriter({ publicUrl: 'https://bills.example', from })
  const send = () =>
    sendMails({ db: world.db, now: () => world.clock.now, post: createPost(office.url, from), compose, onLost: raised })
  for (const told of [words.mails.queued(2), words.mails.nothing_new]) {
    await press(page, words.mails.send_all)
    await confirm(page, words.mails.send_all)
    await page.getByText(told).waitFor()
    await send()
    await send()
  }
  expect(office.arrivals.map(({ to }) => to).toSorted()).toEqual(['acme@customer.example', 'beta@customer.example'])
  await turnTo(walk, 'invoices')
  await page.getByRole('link', { name: words.mails.title, exact: true }).click()
  await page.getByText(words.mails.states.sent, { exact: true }).nth(1).waitFor()
  await walk.look('mails')
}

/** The review names the late facts; a credit note of the difference is issued from it, and the invoice names it. */
async function correct(walk: Walk): Promise<void> {
  const { page, words } = walk
  const { notes } = words
  await turnTo(walk, 'invoices')
  await press(page, notes.look)
  await page.getByRole('link', { name: `${notes.review}: Beta`, exact: true }).click()
  await page.getByText(notes.causes.late_facts).filter({ visible: true }).first().waitFor()
  await walk.look('review')
  await press(page, notes.issue(1))
  await confirm(page, notes.issue(1))
  await page.getByRole('link', { name: /^A-2026-CN-000001$/ }).click()
  await page.getByRole('heading', { name: notes.outcomes.credit_note, level: 2 }).first().waitFor()
  // 4 vCPU for half of ten hours, at 5 cents
  const totals = await page.locator('dl[data-totals] dd').allTextContents()
  expect(figures(totals)).toEqual(['1.00', '0.21', '1.21'])
  await walk.look('note')
  await page
    .getByRole('link', { name: /^A-2026-00000\d$/ })
    .first()
    .click()
  await page.getByText(notes.corrected_by).waitFor()
  await walk.look('corrected')
}

test.for(LANGUAGES)(
  'a clerk: plan, price, recalculation, close, anomaly, batch, mail, late fact, credit note (%s)',
  async (language, context) => {
    skipWithoutBrowser(context)
    const { locale, words } = SPOKEN[language]
    const stage = stages.get(language)!
    const { served, world } = stage
    const key = await served.keyOf('finance', null)
    let step = 0
    /** She signs in, works, and goes home: days pass between the visits. */
    const visit = async (steps: readonly ((walk: Walk) => Promise<void>)[]) => {
      const page = (await served.tab(key, { locale, timezoneId: 'Europe/Madrid' }))!
      const complaints = watch(page)
      const look = async (name: string) => {
        expect([name, await faultsOf(page)]).toEqual([name, []])
        await pictures(page, `${language}-${String((step += 1)).padStart(2, '0')}-${name}`)
      }
      for (const walk of steps) await walk({ page, words, stage, look })
      expect(complaints).toEqual([])
      await page.context().close()
    }
    await visit([drawUpPlan, subscribe, changePrice])
    await report(stage, BILLED_HOURS + 1, HOURS)
    world.clock.now = NOVEMBER_2
    await visit([changeMany, closeMonth, sendAll])
    await reportLate(stage)
    await visit([correct])
    expect((await world.run(verify)).findings).toEqual([])
  },
)
