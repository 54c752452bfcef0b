/** How a person is erased, in both languages: by staff, who type his name, and by himself with his password. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { en } from '#ui/i18n/en.ts'
import { es } from '#ui/i18n/es.ts'
import { buildUi } from '../../deploy/build.ts'
import { joined, type Visitor, visitorOf } from '../integration/visitor.ts'
import { launchBrowser, skipWithoutBrowser } from '../setup/browser.ts'
import { freshDatabase, ownNats, startControlPlane, Suite } from '../setup/stack.ts'
import { VIEWS } from '../setup/size.ts'
import { faultsOf } from './faults.ts'
import { watch, whenLive } from './product.ts'

const ROOT = join(import.meta.dirname, '../..')
const ANA = { name: 'Ana', email: 'ana@example.com', password: 'correct horse battery' }
/** where to leave pictures of every page, for people to look at */
const PICTURES = process.env.ATALAYA_PICTURES

describe.each([
  ['en', en, 'en-GB'],
  ['es', es, 'es-ES'],
] as const)('in %s', (language, words, locale) => {
  let suite: Suite
  let browser: Browser | null
  let origin: string
  let ana: Visitor
  let another: () => Visitor
  const complaints: string[] = []

  beforeAll(async () => {
    suite = new Suite()
    await buildUi(ROOT)
    const installation = await freshDatabase(suite)
    const { server } = await ownNats(suite)
    const plane = await startControlPlane(suite, installation, server)
    origin = plane.origin.replace('127.0.0.1', 'localhost')
    another = () => visitorOf(plane)
    ana = another()
    await ana.ask('POST', '/session', { token: installation.setupToken })
    expect((await ana.ask('POST', '/owner', ANA)).status).toBe(200)
    browser = await launchBrowser()
    suite.atEnd(() => browser?.close())
  }, 180_000)
  afterAll(() => suite.end())

  const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })
  async function enter(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
    await field(page, words.people.email).fill(email)
    await field(page, words.password.password).fill(password)
    await page.getByRole('button', { name: words.sign_in.button, exact: true }).click()
  }
  async function signedIn(person: { email: string; password: string }): Promise<Page> {
    const context = await browser?.newContext({ locale, viewport: { width: 1440, height: 900 } })
    if (!context) throw new Error('there is no browser')
    const page = await context.newPage()
    complaints.push(...watch(page))
    await page.goto(`${origin}/sign-in`)
    await enter(page, person)
    await whenLive(page)
    return page
  }

  /** In both themes, wide and narrow, nothing is wrong with the page; Spanish, whose words are longer, need only fit. */
  async function look(page: Page, name: string): Promise<void> {
    for (const [colorScheme, width] of language === 'en' ? VIEWS : VIEWS.slice(1, 2)) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      expect(await faultsOf(page), `${name} ${colorScheme} ${width}`).toEqual([])
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${language}-${name}-${colorScheme}-${width}.png`) })
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 1440, height: 900 })
  }
  const named = (text: string, name: string) => text.replace('{{ name }}', name)

  test('staff see what goes and what stays, and type the name of whom they erase', async (context) => {
    skipWithoutBrowser(context)
    const cy = await joined(ana, another(), 'cy', { role: 'administrator' })
    expect((await cy.visitor.ask('POST', '/api-keys', { name: 'Nightly', role: 'read_only' })).status).toBe(201)
    const page = await signedIn(ANA)
    await page.goto(`${origin}/settings/people`)
    const row = page.getByRole('row').filter({ hasText: cy.person.email })
    await look(page, 'people')
    await row.getByRole('button', { name: named(words.erasure.title, 'cy'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(words.erasure.documents, { exact: true }).waitFor()
    await dialog.getByText(named(words.erasure.key, 'Nightly'), { exact: true }).waitFor()
    const downloading = page.waitForEvent('download')
    await dialog.getByRole('link', { name: words.erasure.data }).click()
    expect((await downloading).suggestedFilename()).toBe('personal-data.json')
    await look(page, 'erase')
    const erase = dialog.getByRole('button', { name: words.erasure.erase, exact: true })
    const typed = dialog.getByLabel(named(words.erasure.type_name, 'cy'), { exact: true })
    await dialog.getByLabel(words.erasure.reason, { exact: true }).fill('asked for it by letter')
    await typed.fill('cy?')
    expect(await erase.isDisabled()).toBe(true)
    await typed.fill('cy')
    await erase.click()
    await row.waitFor({ state: 'detached' })
    // whatever he did stays, and names him no more
    const [before = ''] = words.erasure.erased_person.split('{{ id }}')
    for (const path of ['/audit', '/settings']) {
      await page.goto(origin + path)
      await page
        .getByText(new RegExp(`${before}[0-9a-f]{8}`))
        .first()
        .waitFor()
    }
    await look(page, 'erased')
    await page.context().close()
  })

  test('nobody leaves an account without an owner: the dialog says so and offers no way', async (context) => {
    skipWithoutBrowser(context)
    const { id } = (await ana.ask('POST', '/accounts', { name: 'Lonely' })).body
    await joined(ana, another(), 'alone', { role: 'tenant_owner', account_id: id })
    const page = await signedIn(ANA)
    await page.goto(`${origin}/settings/people`)
    await page.getByRole('button', { name: named(words.erasure.title, 'alone'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    const refused = words.erasure.obstacle_last_tenant_owner.replace('{{ account }}', 'Lonely')
    await dialog.getByRole('alert').getByText(refused, { exact: true }).waitFor()
    expect(await dialog.getByRole('button', { name: words.erasure.erase, exact: true }).isDisabled()).toBe(true)
    await look(page, 'obstacle')
    await page.context().close()
  })

  test('somebody erases himself by his password, and is nobody at once', async (context) => {
    skipWithoutBrowser(context)
    const { person } = await joined(ana, another(), 'bo')
    const page = await signedIn(person)
    await page.goto(`${origin}/settings/profile`)
    await page.getByRole('button', { name: words.erasure.title_own, exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(words.erasure.documents, { exact: true }).waitFor()
    const [password, erase] = [
      dialog.getByLabel(words.password.current, { exact: true }),
      dialog.getByRole('button', { name: words.erasure.erase, exact: true }),
    ]
    await dialog.getByLabel(named(words.erasure.type_name, 'bo'), { exact: true }).fill('bo')
    await password.fill('not the right one')
    await look(page, 'erase-me')
    expect(complaints).toEqual([])
    await erase.click()
    await dialog.getByText(words.password.wrong, { exact: true }).waitFor()
    await password.fill(person.password)
    await erase.click()
    await page.waitForURL(/\/sign-in/)
    await enter(page, person)
    await page.getByRole('alert').getByText(words.sign_in.wrong, { exact: true }).waitFor()
    await page.context().close()
  })
})
