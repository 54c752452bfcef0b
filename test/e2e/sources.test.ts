/**
 * From a source to a bill, in both languages, by clicks and keys: a Proxmox source with a wrong token is a clear error at its field, the right
 * one shows machines; it is paused, resumed and replayed; one of its machines, which nobody owns, is adopted, given back, adopted again and billed.
 */
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ProxmoxRig } from '../connectors/proxmox.ts'
import { TOKEN } from '../connectors/pve/server.ts'
import { TRUSTED } from '../connectors/certificates.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { faultsOf, soundOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch } from './product.ts'
import { LANGUAGES, saying, SPOKEN, type Words } from './walk-stage.ts'

type Language = (typeof LANGUAGES)[number]
const PICTURES = process.env['ATALAYA_PICTURES']
const WRONG = '00000000-0000-4000-8000-000000000000'
const SLOW = { timeout: 60_000 }
const WIDE = { width: 1440, height: 900 }
const HOUR_MS = 3_600_000
const SEEN = 'it is there'

let suite: Suite
let product: Product
let rigs: Record<Language, ProxmoxRig>
beforeAll(async () => {
  suite = new Suite()
  rigs = { en: new ProxmoxRig(), es: new ProxmoxRig() }
  suite.atEnd(() => Promise.all([rigs.en.end(), rigs.es.end()]))
  for (const language of LANGUAGES)
    for (const name of ['web-1', 'web-2', 'db-1']) rigs[language].world.add(`${name}-${language}`)
  product = await startProduct(suite)
  // each of its seconds costs ten cents
  const price = { kind: 'vm', meter: 'instance', model: 'flat', per: 'hour', unit: 'instance', amount: '360' }
  const effective_at = new Date(Date.now() - 40 * 24 * HOUR_MS).toISOString()
  const made = await product.api('/prices', {
    method: 'POST',
    body: JSON.stringify({ ...price, effective_at, correction: true, reason: 'since ever' }),
  })
  expect([made.status, made.status < 300 ? '' : await made.text()]).toEqual([made.status, ''])
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
  await page.setViewportSize(WIDE)
}

const filled = (text: string, values: Record<string, string>): string =>
  text.replaceAll(/\{\{ (\w+) \}\}/g, (_all, name: string) => values[name] ?? '')

class Walk {
  readonly page: Page
  readonly words: Words
  readonly language: Language
  readonly main: Locator
  readonly dialog: Locator

  constructor(page: Page, language: Language) {
    this.page = page
    this.language = language
    this.words = SPOKEN[language].words
    this.main = page.locator('main')
    this.dialog = page.getByRole('dialog')
  }
  get realm() {
    return `lab-${this.language}`
  }
  get machine() {
    return `web-1-${this.language}`
  }

  button = (name: string) => this.dialog.getByRole('button', { name, exact: true })
  async sound(name: string): Promise<void> {
    expect(await soundOf(this.page, `${name}-${this.language}`)).toEqual([])
    await this.page.setViewportSize(WIDE)
  }
  async go(name: string): Promise<void> {
    const nav = this.page.getByRole('navigation', { name: this.words.nav.label, exact: true })
    await nav.getByRole('link', { name }).first().click()
    await whenShown(this.page)
  }

  /** Fills in the form with a wrong token first. */
  async added(): Promise<void> {
    const { words, dialog, button, language } = this
    const { sources } = words
    await this.page.getByRole('button', { name: sources.add, exact: true }).first().click()
    await dialog.getByLabel(sources.choose_connector, { exact: true }).selectOption('proxmox')
    await dialog.getByLabel(sources.realm, { exact: true }).fill(this.realm)
    const row = (number: number) => dialog.getByLabel(`Addresses ${number}`, { exact: true })
    await row(1).fill('https://127.0.0.1:1')
    await button(sources.list_add).first().click()
    await row(2).fill(rigs[language].server.url)
    await button(filled(sources.list_remove, { label: 'Addresses', number: '1' })).click()
    expect(await row(1).inputValue()).toBe(rigs[language].server.url)
    await dialog.getByLabel(/^Token id/).fill(TOKEN.id)
    await dialog.getByLabel(/^Certificate authority/).fill(TRUSTED.ca)
    const secret = dialog.getByLabel(/^Token secret/)
    await secret.fill(WRONG)
    await dialog.getByLabel(sources.interval_s, { exact: true }).fill('2')
    await button(sources.check).click()
    await dialog.getByText(sources.check_failed).waitFor(SLOW)
    expect(await dialog.getByRole('alert').innerText()).toMatch(/401: invalid token value[\s\S]*Check the token/)
    expect(await secret.getAttribute('aria-invalid')).toBe('true')
    expect(await dialog.innerText()).not.toContain(WRONG)
    await picture(this.page, `source-wrong-token-${language}`)
    await secret.fill(TOKEN.secret)
    expect(await dialog.getByRole('alert').count()).toBe(0)
    await button(sources.check).click()
    await dialog.getByText(sources.check_ok).waitFor(SLOW)
    const seen = await dialog.getByRole('status').innerText()
    expect(seen).toContain(`${words.kind.vm} 3`)
    expect(seen).toContain(this.machine)
    await picture(this.page, `source-right-token-${language}`)
    await button(words.common.add).click()
    await dialog.waitFor({ state: 'detached' })
  }

  /** Its machines, its last payload, a pause, a replay that changes nothing. */
  async lookedAt(): Promise<void> {
    const { main, words } = this
    const { sources } = words
    await this.page.getByRole('link', { name: this.realm, exact: true }).click()
    await main.getByText(`${words.kind.vm} 3`).waitFor(SLOW)
    await main.getByRole('button', { name: sources.payload_show }).click()
    await main.locator('pre').getByText('"type"').first().waitFor(SLOW)
    expect(await main.locator('pre').innerText()).not.toContain(TOKEN.secret)
    await main.getByRole('button', { name: sources.pause, exact: true }).click()
    await main.getByText(saying(sources.paused_since)).waitFor(SLOW)
    await this.sound('source-paused')
    await main.getByRole('button', { name: sources.resume, exact: true }).click()
    await main.getByText(saying(sources.paused_since)).waitFor({ state: 'detached' })
    await main.getByRole('button', { name: sources.replay_start, exact: true }).click()
    await main.getByText(sources.replay_same).waitFor(SLOW)
    await this.sound('source')
  }

  /** The stored secret is kept, and tried, where it is left as dots; earlier settings come back. */
  async changed(): Promise<void> {
    const { main, dialog, button, words } = this
    const { sources } = words
    await main.getByRole('button', { name: sources.change, exact: true }).click()
    await dialog.getByLabel(sources.interval_s, { exact: true }).fill('3')
    await button(sources.check).click()
    await dialog.getByText(sources.check_ok).waitFor(SLOW)
    await button(words.common.save).click()
    await dialog.waitFor({ state: 'detached' })
    await main.getByRole('button', { name: sources.version_back }).first().click()
    await button(sources.version_back).click()
    await dialog.waitFor({ state: 'detached' })
    await main.getByRole('button', { name: sources.version_back }).nth(1).waitFor(SLOW)
  }

  /** Its row in the page of reconciliation, among those of this realm. */
  async orphan(): Promise<Locator> {
    const { reconciliation, nav } = this.words
    await this.go(nav.resources)
    await this.page.getByRole('link', { name: reconciliation.title, exact: true }).click()
    await whenShown(this.page)
    const realms = this.main.getByLabel(reconciliation.realm, { exact: true })
    const details = this.main.getByRole('button', { name: `${reconciliation.details}: ${this.machine},` })
    await expect
      .poll(async () => {
        if ((await realms.locator(`option[value="${this.realm}"]`).count()) > 0) return SEEN
        // the page asks once: what a source sees meanwhile the next look shows
        await this.page.reload()
        await whenShown(this.page)
        return await this.main.locator('[data-tile]').allInnerTexts()
      }, SLOW)
      .toBe(SEEN)
    await realms.selectOption(this.realm)
    await details.waitFor(SLOW)
    return details
  }

  /** Billed from two hours ago on, of which it was seen for as long as the source is there. */
  async adopted(name: string | null): Promise<void> {
    const { adopt, reconciliation } = this.words
    const details = await this.orphan()
    await details.focus()
    await this.page.keyboard.press('Enter')
    await this.main.getByText(reconciliation.says.orphan).waitFor()
    if (name) await this.sound(`${name}-open`)
    await this.main.getByRole('button', { name: reconciliation.adopt, exact: true }).click()
    const local = await this.page.evaluate(
      (ms) => {
        const date = new Date(ms)
        return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
      },
      Date.now() - 2 * HOUR_MS,
    )
    await this.dialog.getByLabel(adopt.from, { exact: true }).fill(local)
    await this.dialog.locator('[data-adoption] dl').waitFor(SLOW)
    expect(await this.dialog.locator('[data-adoption] dd').last().innerText()).toMatch(/[1-9].*€|€.*[1-9]/)
    if (name) await picture(this.page, `${name}-adopt-${this.language}`)
    await this.button(adopt.button).click()
    await this.dialog.waitFor({ state: 'detached' })
    await details.waitFor({ state: 'detached' })
  }

  /** By the message that tells of the adoption, or on the machine's own page. */
  async givenBack(by: 'message' | 'page'): Promise<void> {
    const { adopt, nav, charges, resources } = this.words
    const takenBack = this.page.getByText(filled(adopt.taken_back, { name: this.machine }))
    if (by === 'message') {
      await this.page.getByRole('button', { name: adopt.take_back, exact: true }).focus()
      await this.page.keyboard.press('Enter')
      await takenBack.waitFor(SLOW)
      return
    }
    await this.go(nav.resources)
    await this.main.getByRole('searchbox', { name: resources.filter, exact: true }).fill(this.machine)
    await this.main.getByRole('link', { name: this.machine, exact: true }).first().click()
    await whenShown(this.page)
    await this.main.getByRole('button', { name: adopt.take_back, exact: true }).click()
    await this.dialog.getByLabel(charges.reason, { exact: true }).fill('prueba')
    await picture(this.page, `resource-take-back-${this.language}`)
    await this.button(adopt.take_back_button).click()
    await takenBack.waitFor(SLOW)
  }

  /** Its line in the draft of the account, with an amount. */
  async billed(): Promise<void> {
    await this.go(this.words.nav.invoices)
    await this.main.locator('a[href^="/invoices/drafts/"]').first().click()
    await whenShown(this.page)
    const document = this.main.locator('article')
    await document.getByText(this.machine).first().waitFor(SLOW)
    expect(await document.innerText()).toMatch(new RegExp(String.raw`${this.machine}[\s\S]*(€\d*[1-9]|[1-9]\s€)`))
    await this.sound('source-draft')
  }
}

const UNDO: Record<Language, 'message' | 'page'> = { en: 'message', es: 'page' }
for (const language of LANGUAGES)
  test(`a source is added, looked at, paused and replayed, and what it sees is adopted and billed: ${language}`, async (context) => {
    skipWithoutBrowser(context)
    const { locale, words } = SPOKEN[language]
    const page = await signedIn(product, { locale, viewport: WIDE })
    const complaints = watch(page)
    const walk = new Walk(page, language)
    await walk.go(words.nav.agents)
    await page.getByRole('link', { name: words.agents.tab_sources, exact: true }).click()
    await whenShown(page)
    await walk.added()
    await walk.lookedAt()
    if (language === 'en') await walk.changed()
    await walk.adopted('reconciliation')
    await walk.givenBack(UNDO[language])
    await walk.adopted(null)
    await walk.billed()
    expect(complaints).toEqual([])
    await page.context().close()
  }, 300_000)
