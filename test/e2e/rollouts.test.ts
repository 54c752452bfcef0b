/** A release is uploaded, rolled out, held and rolled back in the browser, in both languages; pages fit in both themes, wide and narrow. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { en } from '#ui/i18n/en.ts'
import { es } from '#ui/i18n/es.ts'
import package_ from '../../package.json' with { type: 'json' }
import { signRelease } from '../../deploy/release.ts'
import { buildVersion, Fleet, type FleetAgent, PLATFORM } from '../integration/fleet.ts'
import { skipWithoutBrowser } from '../setup/browser.ts'
import { Suite } from '../setup/stack.ts'
import { looks } from '../setup/size.ts'
import { faultsOf, whenShown } from './faults.ts'
import { type Product, signedIn, startProduct, watch } from './product.ts'

/** where to leave pictures of what is looked at, for people */
const PICTURES = process.env.ATALAYA_PICTURES

let suite: Suite
let product: Product
let fleet: Fleet
let lab: FleetAgent
beforeAll(async () => {
  suite = new Suite()
  // its own agent was enrolled before there was a key: it will refuse what comes
  product = await startProduct(suite)
  fleet = new Fleet(suite, product, product.installation)
  lab = await fleet.agent('lab-01')
  await fleet.runs(lab, package_.version)
}, 240_000)
afterAll(() => suite.end())

describe.each(
  looks([
    ['en', en, 'en-GB', '1.0.0'],
    ['es', es, 'es-ES', '1.1.0'],
  ] as const),
)('in %s', (language, words, locale, version) => {
  async function look(page: Page, name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1440, 360]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        const path = PICTURES && join(PICTURES, `${language}-${name}-${colorScheme}-${width}.png`)
        if (path) await page.screenshot({ path, fullPage: true })
        expect(await faultsOf(page), `${name} ${colorScheme} ${width}`).toEqual([])
      }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 1440, height: 900 })
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).first().click()

  /** Without the message that tells what was just done. */
  async function anew(page: Page): Promise<void> {
    await page.reload()
    await whenShown(page)
  }

  async function upload(page: Page): Promise<void> {
    const program = buildVersion(suite.folder, version)
    const manifest = `${program}.release.json`
    const signed = await signRelease(program, fleet.key, { version, platform: PLATFORM })
    writeFileSync(manifest, JSON.stringify(signed))
    await press(page, words.rollouts.upload)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.rollouts.manifest_file, { exact: true }).setInputFiles(program)
    await dialog.getByText(words.rollouts.manifest_bad).waitFor()
    await dialog.getByLabel(words.rollouts.manifest_file, { exact: true }).setInputFiles(manifest)
    await dialog.getByText(signed.release.sha256).waitFor()
    await dialog.getByLabel(words.rollouts.program_file, { exact: true }).setInputFiles(program)
    await look(page, 'upload')
    await dialog.getByRole('button', { name: words.rollouts.upload, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  async function start(page: Page): Promise<void> {
    await page.getByRole('row', { name: version }).getByRole('button').click()
    await page.getByRole('menuitem', { name: words.rollouts.start }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.rollouts.first_agents, { exact: true }).selectOption({ label: lab.name })
    await dialog.getByLabel(words.rollouts.waves, { exact: true }).fill('100')
    await dialog.getByLabel(words.rollouts.soak, { exact: true }).fill('0')
    await dialog.getByLabel(words.rollouts.failures_max, { exact: true }).fill('1')
    await look(page, 'start')
    await dialog.getByRole('button', { name: words.rollouts.start, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  async function because(page: Page, button: string): Promise<void> {
    await press(page, button)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.common.reason, { exact: true }).fill('to look at it')
    await dialog.getByRole('button', { name: button, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  test('a release goes its way', async (context) => {
    skipWithoutBrowser(context)
    const page = await signedIn(product, { locale, viewport: { width: 1440, height: 900 } })
    const complaints = watch(page)
    await page.goto(`${product.origin}/agents/roll-outs`)
    await whenShown(page)
    await look(page, 'before')
    await upload(page)
    await anew(page)
    await start(page)
    await anew(page)
    const newest = page.getByRole('article').first()
    await because(page, words.rollouts.pause)
    await newest.getByText(words.rollouts.paused, { exact: true }).waitFor()
    await press(page, words.rollouts.resume)
    // the other agent, which trusts nobody, says so where the roll-out is shown
    await newest.getByText('unknown_key').waitFor({ timeout: 90_000 })
    await newest.getByText(words.rollouts.completed, { exact: true }).waitFor({ timeout: 90_000 })
    await look(page, 'rolled-out')
    await page.goto(`${product.origin}/agents`)
    await page.getByText(words.rollouts.agent_refused, { exact: true }).waitFor()
    await look(page, 'agents')
    await page.goto(`${product.origin}/agents/roll-outs`)
    await because(page, words.rollouts.roll_back)
    await page
      .getByRole('article')
      .first()
      .getByText(words.rollouts.rolled_back, { exact: true })
      .waitFor({ timeout: 90_000 })
    await look(page, 'rolled-back')
    await fleet.runs(lab, package_.version)
    expect(complaints).toEqual([])
    await page.context().close()
  }, 300_000)
})
