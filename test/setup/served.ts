/** The application of a prepared database on a port of its own, by the clock of its test: for a browser. */
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import type { Role } from '#control-plane/base/roles.ts'
import { createLive } from '#control-plane/events/live.ts'
import { buildUi } from '../../deploy/build.ts'
import { appOf } from '../integration/http.ts'
import type { Prepared } from './prepare.ts'
import { launchBrowser } from './browser.ts'
import { silentBus } from './silent-bus.ts'
import type { Suite } from './stack.ts'

export interface Served {
  origin: string
  /** of the installation, or of one account */
  keyOf(role: Role, account_id: string | null): Promise<string>
  /** A tab of its own, signed in by a key, at the hour of the world; null where there is no browser. */
  tab(key: string, options?: BrowserContextOptions): Promise<Page | null>
}

export async function serve(suite: Suite, world: Prepared): Promise<Served> {
  // nothing is sent over it: pages ask for themselves
  const live = createLive(silentBus, () => world.clock.now)
  suite.atEnd(() => live.close())
  const app = await appOf(suite, world, undefined, live)
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 120,
    fetch: (request, bun) => app.fetch(request, { server: bun }),
  })
  suite.atEnd(() => server.stop(true))
  const browser = await launchBrowser()
  suite.atEnd(() => browser?.close())
  if (browser) await buildUi(join(import.meta.dirname, '../..'))
  const { origin } = server.url
  const keyOf: Served['keyOf'] = async (role, account_id) =>
    (await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: role, role, account_id })))).token
  const tab: Served['tab'] = async (key, options = {}) => {
    if (!browser) return null
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
    const page = await context.newPage()
    await page.clock.install({ time: world.clock.now })
    await page.goto(`${origin}/#token=${key}`)
    await page.locator('main h1').waitFor()
    return page
  }
  return { origin, keyOf, tab }
}
