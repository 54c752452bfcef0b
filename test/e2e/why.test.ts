/** A customer asks why his bill is 41.37, in English and in Spanish: from its total through each line down to the readings. */
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stand } from '#control-plane/limits/index.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, pictures } from './faults.ts'
import { watch } from './product.ts'
import {
  BILLED_HOURS,
  figures,
  HOURS,
  issue,
  LANGUAGES,
  NOVEMBER_2,
  report,
  saying,
  SPOKEN,
  type Stage,
  stageOf,
  type Words,
} from './walk-stage.ts'

let suite: Suite
let stage: Stage
beforeAll(async () => {
  suite = new Suite()
  stage = await stageOf(suite)
  await report(stage, BILLED_HOURS + 1, HOURS)
  stage.world.clock.now = NOVEMBER_2
  await stage.world.run((ctx) => stand(ctx, stage.acme))
  await issue(stage, stage.acme)
}, 240_000)
afterAll(() => suite.end())

test.for(LANGUAGES)('a customer: why is it 41.37? From the bill to the readings (%s)', async (language, context) => {
  skipWithoutBrowser(context)
  const { locale, words } = SPOKEN[language]
  const { served, acme } = stage
  const page = (await served.tab(await served.keyOf('tenant_owner', acme), { locale, timezoneId: 'Europe/Madrid' }))!
  const complaints = watch(page)
  const number = language === 'en' ? '41.37' : '41,37'
  const look = async (name: string) => {
    expect([name, await faultsOf(page)]).toEqual([name, []])
    await pictures(page, `${language}-why-${name}`)
  }
  await page.getByText(number).first().waitFor()
  await look('home')
  // on a telephone too: where he has gone stands in sight among the places
  await page.setViewportSize({ width: 360, height: 900 })
  const place = page.getByRole('navigation').getByRole('link', { name: words.my.bill, exact: true })
  await place.press('Enter')
  const right = async () => ((await place.boundingBox())?.x ?? 0) + ((await place.boundingBox())?.width ?? 0)
  await expect.poll(right).toBeLessThanOrEqual(360)
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.getByRole('button', { name: words.my.month_before }).click()
  await page.locator('[data-month-total]').getByText(number).waitFor()
  await look('month')
  await page.getByRole('link', { name: 'A-2026-000002', exact: true }).click()
  // what the lines come to, the tax of 21 % on it, and both together
  const totals = page.locator('dl[data-totals] dd')
  await totals.last().getByText(number).waitFor()
  expect(figures(await totals.allTextContents())).toEqual(['34.19', '7.18', '41.37'])
  await look('bill')
  const opened = page.getByRole('dialog', { name: words.explain.title })
  for (const [meter, sentence] of [
    // 2 vCPU × 48 h
    ['vcpu', /^96 vCPU.*0[.,]05.*= .*4[.,]80.*→.*4[.,]80/],
    ['network_transmit_bytes', /^29[.,]39 GB.*1[.,]00.*= .*29[.,]39.*→.*29[.,]39/],
  ] as const) {
    const line = `acme-web, ${words.meter[meter]}`
    await page.getByRole('button', { name: saying(words.document.explain_line, { line }) }).click()
    await opened.getByText(sentence).waitFor()
    await sums(opened, 1)
    if (meter === 'network_transmit_bytes') await readings(page, opened, words)
    await look(`explain-${meter}`)
    await page.keyboard.press('Escape')
    await opened.waitFor({ state: 'detached' })
  }
  expect(complaints).toEqual([])
  await page.context().close()
})

/** So many sums are open, and each is what lies beneath it. */
async function sums(opened: Locator, count: number): Promise<void> {
  const shown = opened.getByRole('tree').getByText(/^Σ/)
  await shown.first().waitFor()
  const texts = await shown.allTextContents()
  expect([texts.length, texts.filter((text) => !text.endsWith('✓'))]).toEqual([count, []])
}

/** By keyboard alone: down the tree to the last hour and what its counter read. */
async function readings(page: Page, opened: Locator, words: Words): Promise<void> {
  const tree = opened.getByRole('tree')
  const rows = tree.getByRole('treeitem')
  await rows.first().focus()
  // the line is open: into its one stretch, then into its last hour
  for (const key of ['ArrowDown', 'ArrowRight', 'End', 'ArrowRight', 'End']) await page.keyboard.press(key)
  expect(await rows.count()).toBe(2 + HOURS + 2)
  await sums(opened, 2)
  await tree.getByText(new RegExp(`${words.explain.hours(HOURS)}: 29[.,]390[.,]000[.,]000`)).waitFor()
  // where the keyboard stands: the last reading within the hour, after 47 of 48
  const last = page.locator('[role=treeitem]:focus')
  expect((await last.textContent())?.replaceAll(/[.,]/g, '')).toContain('28777708333')
  expect(await last.getAttribute('aria-level')).toBe('4')
}
