/** Starts the Chromium that test/run.sh found. */
import { type Browser, chromium } from 'playwright-core'
import type { TestContext } from 'vitest'
import { skipWithout } from './skip.ts'

const path = process.env.ATALAYA_CHROMIUM || Bun.which('chromium') || ''

/** Skips the test where there is no browser. */
export const skipWithoutBrowser = (context: TestContext): void =>
  skipWithout(
    context,
    path,
    'Chromium is missing: install it (Debian: apt-get install chromium) or set ATALAYA_CHROMIUM',
  )

/** Null where there is none; each test then skips by `skipWithoutBrowser`. */
export async function launchBrowser(): Promise<Browser | null> {
  if (!path) return null
  // as root Chromium's own sandbox refuses to start
  const args = ['--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
  return chromium.launch({ executablePath: path, args, headless: true })
}
