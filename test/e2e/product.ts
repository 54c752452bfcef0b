/** The whole product for a browser suite: page built, control plane and agent running, a browser, and a signed-in tab. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { buildUi } from '../../deploy/build.ts'
import { launchBrowser } from '../setup/browser.ts'
import { freshDatabase, type Installation, ownNats, startAgent, startControlPlane, Suite } from '../setup/stack.ts'

const READING_MS = 60_000
const ROOT = join(import.meta.dirname, '../..')

export interface Product {
  origin: string
  installation: Installation
  browser: Browser | null
  /** calls the API with the installation's key */
  api(path: string, init?: RequestInit): Promise<Response>
}

/** `env`: settings of the control plane beyond those that every suite needs. */
export async function startProduct(suite: Suite, env: Record<string, string> = {}): Promise<Product> {
  await buildUi(ROOT)
  const installation = await freshDatabase(suite)
  const { server } = await ownNats(suite)
  const plane = await startControlPlane(suite, installation, server, { env })
  await startAgent(suite, plane)
  const browser = await launchBrowser()
  suite.atEnd(() => browser?.close())
  return { origin: plane.origin, installation, browser, api: plane.api }
}

interface Seen {
  items: { id: string; last_seen_at: string | null }[]
}

/** This machine's resource, once a reading has come that is newer than all before: what can be billed has grown. */
export async function whenNextReading({ api }: Product): Promise<string> {
  const seen = async () => ((await (await api(`/resources?kind=host&q=${hostname()}`)).json()) as Seen).items[0]
  const first = await until(seen, (one) => Boolean(one?.last_seen_at))
  await until(seen, (one) => one?.last_seen_at !== first?.last_seen_at)
  return first?.id ?? ''
}

async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + READING_MS
  for (;;) {
    const answer = await ask()
    if (isSo(answer)) return answer
    if (performance.now() > end) throw new Error(`it was not so within ${READING_MS} ms: ${JSON.stringify(answer)}`)
    await Bun.sleep(500)
  }
}

/** Everything that a page may not do: errors in the console, failed scripts, refused content. */
export function watch(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // a session is asked for before there is one
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text())
  })
  return complaints
}

/** The mark that says so is there once for wide and once for narrow screens. */
export const whenLive = (page: Page): Promise<void> => page.locator('[data-live=live]:visible').waitFor()

/** A tab of its own, signed in by the API key. */
export async function signedIn(product: Product, options: BrowserContextOptions = {}): Promise<Page> {
  if (!product.browser) throw new Error('there is no browser')
  const context = await product.browser.newContext(options)
  const page = await context.newPage()
  await page.goto(`${product.origin}/#token=${product.installation.apiKey}`)
  await whenLive(page)
  return page
}
