/** What is wrong with a page as it stands: rules of axe with the elements that break them, and overflow. */
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** once for each page: the transition of colours and of what appears has ended */
const SETTLED_MS = 400

export async function faultsOf(page: Page): Promise<string[]> {
  await page.waitForTimeout(SETTLED_MS)
  const { violations } = await new AxeBuilder({ page }).analyze()
  const faults = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`))
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  return overflow > 0 ? [...faults, `the page is ${overflow} px too wide`] : faults
}

/** Waits until nothing of the page is a placeholder any more. */
export async function whenShown(page: Page): Promise<void> {
  await page.locator('main h1').waitFor()
  await page.waitForFunction(() => !document.querySelector('main [role="status"][aria-label]'))
}
