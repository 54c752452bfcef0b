/** What is wrong with a page as it stands: rules of axe with the elements that break them, and overflow; and pictures of it. */
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from 'playwright-core'
import { type Product, signedIn, watch } from './product.ts'

/** once for each page: the transition of colours and of what appears has ended */
const SETTLED_MS = 400

const overflowOf = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

export async function faultsOf(page: Page): Promise<string[]> {
  await page.waitForTimeout(SETTLED_MS)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const faults = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`))
  const overflow = await overflowOf(page)
  return overflow > 0 ? [...faults, `the page is ${overflow} px too wide`] : faults
}

/** Waits until nothing of the page is a placeholder any more. */
export async function whenShown(page: Page): Promise<void> {
  await page.locator('main h1').waitFor()
  await page.waitForFunction(() => !document.querySelector('main [role="status"][aria-label]'))
}

/** A folder: pictures are taken of each step. */
const PICTURES = process.env['ATALAYA_PICTURES']
/** Both widths and themes; afterwards the page is wide and light. */
export async function pictures(page: Page, name: string): Promise<void> {
  if (!PICTURES) return
  for (const width of [360, 1440])
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(SETTLED_MS)
      await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${width}.png`), fullPage: true })
    }
}

/** Nothing is wrong, whether the page is wide or narrow. */
export async function soundOf(page: Page, name: string): Promise<string[]> {
  const faults = await faultsOf(page)
  for (const width of [360, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    const over = await overflowOf(page)
    if (over > 0) faults.push(`${name} is ${over} px too wide at ${width}`)
  }
  await pictures(page, name)
  return faults
}

type Look = readonly [locale: string, width: number, colorScheme: 'dark' | 'light']
/** Each page in one look: what doesn't fit, what isn't accessible, and what the browser complained of. `shown` is there once a page is. */
export async function faultsOfPages(
  product: Product,
  [locale, width, colorScheme]: Look,
  pages: Readonly<Record<string, string>>,
  shown: (page: Page) => Locator,
): Promise<string[]> {
  const page = await signedIn(product, { locale, colorScheme, viewport: { width, height: 900 } })
  const complaints = watch(page)
  const faults: string[] = []
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(product.origin + path)
    await shown(page).first().waitFor({ state: 'attached' })
    if (PICTURES)
      await page.screenshot({ path: join(PICTURES, `${name}-${locale}-${width}-${colorScheme}.png`), fullPage: true })
    faults.push(...(await faultsOf(page)).map((fault) => `${path}: ${fault}`))
  }
  await page.context().close()
  return [...faults, ...complaints]
}
