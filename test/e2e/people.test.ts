/** How people come in, in both languages: the first owner, a second factor, an invitation, a reset, a passkey, single sign-on. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { en } from '#ui/i18n/en.ts'
import { es } from '#ui/i18n/es.ts'
import { buildUi } from '../../deploy/build.ts'
import { launchBrowser, skipWithoutBrowser } from '../setup/browser.ts'
import { freshDatabase, type Installation, ownNats, startControlPlane, Suite } from '../setup/stack.ts'
import { VIEWS } from '../setup/size.ts'
import { faultsOf } from './faults.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { type MailBox, startMailBox } from '../setup/mail-box.ts'
import { watch, whenLive } from './product.ts'
import { codeOf } from '../setup/totp.ts'

const ROOT = join(import.meta.dirname, '../..')
const ANA = { name: 'Ana', email: 'ana@example.com', password: 'correct horse battery' }
const BO = { name: 'Bo', email: 'bo@example.com', password: 'several words in a row' }
const pathOf = (link: string) => link.replace(/^https?:\/\/[^/]+/, '')
/** where to leave pictures of every page, for people to look at */
const PICTURES = process.env.ATALAYA_PICTURES

describe.each([
  ['en', en, 'en-GB'],
  ['es', es, 'es-ES'],
] as const)('in %s', (language, words, locale) => {
  let suite: Suite
  let browser: Browser | null
  let installation: Installation
  let mails: MailBox
  let idp: IdentityProvider
  let origin: string
  let api: (path: string, init?: RequestInit) => Promise<Response>
  let totpSecret = ''
  const complaints: string[] = []

  beforeAll(async () => {
    suite = new Suite()
    await buildUi(ROOT)
    mails = await startMailBox(suite)
    idp = await startIdentityProvider(suite, 'example.com')
    installation = await freshDatabase(suite)
    const { server } = await ownNats(suite)
    const env = { ATALAYA_SMTP_URL: mails.url, ATALAYA_MAIL_FROM: 'atalaya@example.com' }
    const plane = await startControlPlane(suite, installation, server, { env })
    // passkeys need a name, and the provider another site than ours
    origin = plane.origin.replace('127.0.0.1', 'localhost')
    api = plane.api
    browser = await launchBrowser()
    suite.atEnd(() => browser?.close())
  }, 180_000)
  afterAll(() => suite.end())

  async function tab(path: string): Promise<Page> {
    const context = await browser?.newContext({ locale, viewport: { width: 1440, height: 900 } })
    if (!context) throw new Error('there is no browser')
    const page = await context.newPage()
    complaints.push(...watch(page))
    await page.goto(origin + path)
    return page
  }

  /** Without the message that tells what was just done. */
  async function anew(page: Page, title: string): Promise<void> {
    await page.reload()
    await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor()
    await whenLive(page)
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

  const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  /** Until the page is loaded anew: what is pressed before goes with the old one. */
  async function signOut(page: Page): Promise<void> {
    const loaded = page.waitForEvent('load')
    await press(page, words.nav.sign_out)
    await loaded
  }

  async function enter(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
    await field(page, words.people.email).fill(email)
    await field(page, words.password.password).fill(password)
    await press(page, words.sign_in.button)
  }

  async function ana(): Promise<Page> {
    const page = await tab('/sign-in')
    await enter(page, ANA)
    await field(page, words.sign_in.code).fill(codeOf(totpSecret))
    await press(page, words.sign_in.button)
    await whenLive(page)
    return page
  }

  async function invite(page: Page, email: string): Promise<string> {
    await page.goto(`${origin}/settings/people`)
    await press(page, words.people.invite)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.people.email, { exact: true }).fill(email)
    await dialog.getByLabel(words.api_keys.role, { exact: true }).selectOption('administrator')
    if (email === BO.email) await look(page, 'invite')
    await dialog.getByRole('button', { name: words.people.invite, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    const { subject, link } = await mails.link(email)
    expect(subject).toMatch(/Atalaya/)
    return pathOf(link)
  }

  test('the set-up token makes the owner, with a second factor that is asked for from then on', async (context) => {
    skipWithoutBrowser(context)
    const page = await tab(`/?token=${installation.setupToken}`)
    await page.getByRole('heading', { name: words.owner.title }).waitFor()
    await look(page, 'first-owner')
    await field(page, words.people.name).fill(ANA.name)
    await field(page, words.people.email).fill(ANA.email)
    await field(page, words.password.password).fill('123456789012')
    await press(page, words.owner.button)
    await page.getByText(/most common/).waitFor()
    await field(page, words.password.password).fill(ANA.password)
    await press(page, words.owner.button)
    await page.getByRole('heading', { name: words.owner.factor_title }).waitFor()
    totpSecret = (await page.getByRole('region', { name: words.totp.secret }).textContent())?.trim() ?? ''
    await look(page, 'second-factor')
    await field(page, words.sign_in.code).fill('000000')
    await press(page, words.totp.confirm)
    await page.getByText(words.sign_in.code_wrong).waitFor()
    await field(page, words.sign_in.code).fill(codeOf(totpSecret))
    await press(page, words.totp.confirm)
    await whenLive(page)

    await signOut(page)
    await page.waitForURL(/\/sign-in/)
    await look(page, 'sign-in')
    await enter(page, { ...ANA, password: 'not the right one' })
    await page.getByRole('alert').getByText(words.sign_in.wrong, { exact: true }).waitFor()
    await enter(page, ANA)
    await field(page, words.sign_in.code).fill('000000')
    await look(page, 'code')
    await press(page, words.sign_in.button)
    await page.getByRole('alert').getByText(words.sign_in.code_wrong, { exact: true }).waitFor()
    await field(page, words.sign_in.code).fill(codeOf(totpSecret))
    await press(page, words.sign_in.button)
    await whenLive(page)
    await page.context().close()

    const late = await tab(`/?token=${installation.setupToken}`)
    await late.getByText(words.sign_in.refused, { exact: true }).waitFor()
    await look(late, 'token')
    await late.context().close()
  })

  test('a role is made of permissions in plain words, given with an invitation, and ended once nobody has it', async (context) => {
    skipWithoutBrowser(context)
    const page = await ana()
    await page.goto(`${origin}/settings/people`)
    await page.getByText(words.role.tenant_owner, { exact: true }).waitFor()
    await press(page, words.roles.make)
    const dialog = page.getByRole('dialog')
    const save = dialog.getByRole('button', { name: words.common.save, exact: true })
    await dialog.getByLabel(words.people.name, { exact: true }).fill('Auditor')
    expect(await save.isDisabled()).toBe(true)
    await dialog.getByLabel(words.permission.audit.read, { exact: true }).check()
    await dialog.getByLabel(words.permission.billing.read, { exact: true }).check()
    await look(page, 'role')
    // what a role of an account may not is not offered
    await dialog.getByText(words.roles.of_account, { exact: true }).click()
    expect(await dialog.getByLabel(words.permission.audit.read, { exact: true }).count()).toBe(0)
    await dialog.getByText(words.roles.of_installation, { exact: true }).click()
    await save.click()
    await dialog.waitFor({ state: 'detached' })
    const row = page.getByRole('row').filter({ hasText: words.roles.made_here })
    await row.getByText(words.roles.count.replace('{{ count }}', '2'), { exact: true }).click()
    await row.getByText(words.permission.audit.read, { exact: true }).waitFor()
    await row.scrollIntoViewIfNeeded()
    await look(page, 'roles')

    await press(page, words.people.invite)
    await dialog.getByLabel(words.people.email, { exact: true }).fill('auditor@example.com')
    await dialog.getByLabel(words.api_keys.role, { exact: true }).selectOption({ label: 'Auditor' })
    await dialog.getByText(`${words.permission.audit.read} · ${words.permission.billing.read}`).waitFor()
    await look(page, 'invite-to-role')
    await dialog.getByRole('button', { name: words.people.invite, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    const invitation = page.getByRole('row').filter({ hasText: 'auditor@example.com' })
    await invitation.getByText('Auditor', { exact: true }).waitFor()

    const end = words.roles.end_title.replace('{{ name }}', 'Auditor')
    await row.getByRole('button', { name: end, exact: true }).click()
    await dialog.getByRole('button', { name: words.roles.end, exact: true }).click()
    await dialog.getByText('open invitations 1').waitFor()
    await dialog.getByRole('button', { name: words.common.cancel, exact: true }).click()
    const withdraw = words.people.withdraw_title.replace('{{ email }}', 'auditor@example.com')
    await invitation.getByRole('button', { name: withdraw, exact: true }).click()
    await dialog.getByRole('button', { name: words.people.withdraw, exact: true }).click()
    await invitation.waitFor({ state: 'detached' })
    await row.getByRole('button', { name: end, exact: true }).click()
    await dialog.getByRole('button', { name: words.roles.end, exact: true }).click()
    await row.waitFor({ state: 'detached' })
  })

  test('an invitation comes by mail, lets one in, and works once', async (context) => {
    skipWithoutBrowser(context)
    const owner = await ana()
    const link = await invite(owner, BO.email)
    await owner.getByRole('cell', { name: BO.email, exact: true }).waitFor()
    await anew(owner, words.people.title)
    await look(owner, 'people')
    const page = await tab(link)
    await page.getByRole('heading', { name: words.invitation.title }).waitFor()
    expect(page.url()).not.toContain('invitation=')
    await field(page, words.people.name).fill(BO.name)
    await field(page, words.password.password).fill(BO.password)
    await look(page, 'accept')
    await press(page, words.invitation.accept)
    await whenLive(page)
    const again = await tab(link)
    await again.getByText(words.invitation.spent, { exact: true }).waitFor()
    await look(again, 'accept-spent')
    await owner.reload()
    await owner.getByRole('cell', { name: new RegExp(BO.email) }).waitFor()
    for (const one of [owner, page, again]) await one.context().close()
  })

  test('a forgotten password is reset by mail, and whoever was signed in is signed out', async (context) => {
    skipWithoutBrowser(context)
    const before = await tab('/sign-in')
    await enter(before, BO)
    await whenLive(before)
    const page = await tab('/sign-in')
    await page.getByRole('link', { name: words.sign_in.forgotten }).click()
    await look(page, 'forgotten')
    await field(page, words.people.email).fill(BO.email)
    await press(page, words.reset.ask)
    await page.getByText(words.reset.asked).waitFor()
    const { link } = await mails.link(BO.email)
    await page.goto(origin + pathOf(link))
    await look(page, 'reset')
    BO.password = `${BO.password} again`
    await field(page, words.password.new).fill(BO.password)
    await press(page, words.reset.button)
    await page.getByText(words.reset.done).waitFor()
    await before.goto(`${origin}/resources`)
    await before.waitForURL(/\/sign-in/)
    await page.getByRole('link', { name: words.sign_in.back }).click()
    await enter(page, BO)
    await whenLive(page)
    for (const one of [before, page]) await one.context().close()
  })

  test('a passkey signs in without a password', async (context) => {
    skipWithoutBrowser(context)
    const page = await tab('/sign-in')
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const kind = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const
    const options = { ...kind, isUserVerified: true, automaticPresenceSimulation: true }
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
    await enter(page, BO)
    await whenLive(page)
    await page.goto(`${origin}/settings/profile`)
    await press(page, words.passkeys.add)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.passkeys.name, { exact: true }).fill('Laptop')
    await dialog.getByLabel(words.password.current, { exact: true }).fill(BO.password)
    await look(page, 'add-passkey')
    await dialog.getByRole('button', { name: words.passkeys.add, exact: true }).click()
    await page.getByText('Laptop', { exact: true }).waitFor()
    await dialog.waitFor({ state: 'detached' })
    await anew(page, words.profile.title)
    await look(page, 'profile')
    await signOut(page)
    await press(page, words.sign_in.passkey)
    await whenLive(page)
    // one that was not unlocked by its owner, because the page asked for less, stands for one factor alone
    await signOut(page)
    await page.route('**/sign-in/passkey-options', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), userVerification: 'discouraged' } })
    })
    const answered = page.waitForResponse('**/sign-in/passkey')
    await press(page, words.sign_in.passkey)
    expect((await answered).status()).toBe(401)
    await page.context().close()
  })

  test('one who is known accepts as himself, switches between his memberships, and moves to another e-mail', async (context) => {
    skipWithoutBrowser(context)
    const account = (await (await api('/accounts')).json()) as { items: { id: string; name: string }[] }
    const { id: account_id, name } = account.items[0]!
    const wanted = { email: BO.email, role: 'tenant_billing', account_id, language }
    expect((await api('/invitations', { method: 'POST', body: JSON.stringify(wanted) })).status).toBe(201)
    const page = await tab(pathOf((await mails.link(BO.email)).link))
    await page.getByText(words.invitation.known).waitFor()
    await look(page, 'accept-known')
    await field(page, words.password.password).fill(BO.password)
    await press(page, words.sign_in.button)
    await page.getByRole('heading', { name: words.profile.title, level: 1 }).waitFor()
    const acts = page.getByLabel(words.people.act_as, { exact: true })
    await acts.selectOption({ label: `${name} · ${words.role.tenant_billing}` })
    await page.waitForURL(`${origin}/`)
    await expect
      .poll(() => acts.evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.label))
      .toContain(name)

    await page.goto(`${origin}/settings/profile`)
    await press(page, words.profile.change_email)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(words.profile.new_email, { exact: true }).fill('bo.new@example.com')
    await dialog.getByLabel(words.password.current, { exact: true }).fill(BO.password)
    await look(page, 'change-email')
    await dialog.getByRole('button', { name: words.profile.change_email, exact: true }).click()
    const { link } = await mails.link('bo.new@example.com')
    await page.goto(origin + pathOf(link))
    await look(page, 'confirm-email')
    await press(page, words.new_email.button)
    await page.getByText(words.new_email.done).waitFor()
    // the old address is told
    await mails.link(BO.email)
    await page.goto(`${origin}/settings/profile`)
    await page.getByText('bo.new@example.com', { exact: true }).waitFor()
    await page.context().close()
  })

  async function byProvider(page: Page, login: string): Promise<void> {
    await press(page, words.sign_in.by_provider.replace('{{ name }}', 'Loopback'))
    await page.waitForURL((url) => url.origin === idp.issuer)
    await page.locator('input[name=login]').fill(login)
    await page.locator('input[name=password]').fill('anything')
    await page.locator('button[type=submit]').click()
    await page.locator('button[type=submit]').click()
    await page.waitForURL((url) => url.origin === origin)
  }

  test('a provider signs in who was invited or is known by a confirmed e-mail, and nobody else', async (context) => {
    skipWithoutBrowser(context)
    const owner = await ana()
    await owner.goto(`${origin}/settings/people`)
    await press(owner, words.sso.add)
    const dialog = owner.getByRole('dialog')
    await dialog.getByLabel(words.people.name, { exact: true }).fill('Loopback')
    await dialog.getByLabel(words.sso.issuer, { exact: true }).fill(idp.issuer)
    await dialog.getByLabel(words.sso.domain, { exact: true }).fill('example.com')
    await dialog.getByLabel(words.sso.client_id, { exact: true }).fill(idp.client_id)
    await dialog.getByLabel(words.sso.client_secret, { exact: true }).fill(idp.client_secret)
    await look(owner, 'add-provider')
    await dialog.getByRole('button', { name: words.common.add, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    idp.allow((await owner.locator('[data-redirect]').textContent())?.trim() ?? '')
    await look(owner, 'providers')

    const stranger = await tab('/sign-in')
    await byProvider(stranger, 'cy')
    await stranger.getByText(words.sign_in.sso.not_invited).waitFor()
    await look(stranger, 'sso-refused')

    // of another domain the provider says what it likes
    await invite(owner, 'eve@else.org')
    const eve = await tab('/sign-in')
    await byProvider(eve, 'eve@else.org')
    await eve.getByText(words.sign_in.sso.foreign_domain).waitFor()
    await eve.context().close()

    await invite(owner, 'cy@example.com')
    const cy = await tab('/sign-in')
    await byProvider(cy, 'cy')
    await whenLive(cy)
    await signOut(cy)
    await press(cy, words.sign_in.by_provider.replace('{{ name }}', 'Loopback'))
    await whenLive(cy)

    const bo = await tab('/sign-in')
    await byProvider(bo, 'bo.new')
    await whenLive(bo)
    for (const page of [owner, stranger, cy, bo]) await page.context().close()
    expect(complaints).toEqual([])
  })
})
