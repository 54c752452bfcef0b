/** A person who does everything that people can do, under names that are found wherever they are kept. */
import { expect } from 'vitest'
import type { MailBox } from '../setup/mail-box.ts'
import type { ControlPlane } from '../setup/stack.ts'
import { codeOf } from '../setup/totp.ts'
import { type Visitor, visitorOf } from './visitor.ts'

export const CANARY = {
  name: 'Wren Zaunkönig-7Q',
  renamed: 'Wren Finch-8Q',
  email: 'wren.7q@birds.example',
  changed: 'finch.8q@birds.example',
  address: '203.0.113.77',
  browser: 'Nightingale/9.77 (canary)',
} as const

/** As whoever searches files would find it: in the clear, as JSON, in base64 at each offset, in hexadecimal digits. */
export function formsOf(word: string): string[] {
  const bytes = Buffer.from(word)
  const shifted = [0, 1, 2].map((pad) => {
    const text = Buffer.concat([Buffer.alloc(pad), bytes]).toString('base64')
    // what neighbours have a part in is left out
    return text.slice(Math.ceil((pad * 4) / 3), Math.floor(((pad + bytes.length) * 8) / 6))
  })
  return [word, word.toLowerCase(), JSON.stringify(word).slice(1, -1), bytes.toString('hex'), ...shifted]
}
export const FORMS = Object.values(CANARY).flatMap(formsOf)

export interface Stage {
  plane: ControlPlane
  mails: MailBox
  /** an owner who invites */
  ana: Visitor
  account_id: string
  /** nobody waits after wrong passwords */
  patience: () => Promise<unknown>
}

export interface Canary {
  visitor: Visitor
  id: string
  password: string
  /** an API key that she made and that still holds */
  key_id: string
}

/** Says where she is and by what, whatever the visitor says. */
function browsing(one: Visitor): Visitor {
  const own = { 'user-agent': CANARY.browser, 'x-forwarded-for': CANARY.address }
  return { ...one, ask: (method, path, body, headers) => one.ask(method, path, body, { ...own, ...headers }) }
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Awaited<ReturnType<Visitor['ask']>>>
const asking =
  (one: Visitor): Ask =>
  async (method, path, body) => {
    const answer = await one.ask(method, path, body)
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300)
    return answer
  }
const tokenIn = (link: string): string => link.slice(link.lastIndexOf('=') + 1)

export async function live(stage: Stage): Promise<Canary> {
  const visitor = browsing(visitorOf(stage.plane))
  const password = 'a password of the canary'
  await asking(stage.ana)('POST', '/invitations', { email: CANARY.email, role: 'owner' })
  const token = tokenIn((await stage.mails.link(CANARY.email)).link)
  await asking(visitor)('POST', '/invitations/acceptance', { token, name: CANARY.name, password })
  const ask = asking(visitor)
  const { id } = (await ask('GET', '/session')).body.person
  await guessed(stage, visitor)
  const last = await signsIn(stage, visitor, password)
  await belongs(stage, visitor)
  return { visitor, id, password: last, key_id: await works(stage, visitor) }
}

/** Wrong passwords until somebody is told. */
async function guessed(stage: Stage, visitor: Visitor): Promise<void> {
  for (let n = 0; n < 6; n += 1) {
    await visitor.ask('POST', '/sign-in/password', { email: CANARY.email, password: 'not the right one' })
    await stage.patience()
  }
}

/** Changes all by which she signs in, and what she is called; returns the password that holds. */
async function signsIn({ mails, plane }: Stage, visitor: Visitor, password: string): Promise<string> {
  const ask = asking(visitor)
  const { uri } = (await ask('POST', '/me/totp', { password })).body
  const secret = new URL(uri).searchParams.get('secret') ?? ''
  expect(decodeURIComponent(uri)).toContain(CANARY.email)
  await ask('POST', '/me/totp/confirmation', { code: codeOf(secret) })
  await ask('POST', '/me/recovery-codes', { password })
  await ask('POST', '/me/totp/removal', { password })
  await ask('POST', '/me/passkey-options', { password })
  await ask('PATCH', '/me', { name: CANARY.renamed })
  await ask('POST', '/me/email', { email: CANARY.changed, password })
  const token = tokenIn((await mails.link(CANARY.changed)).link)
  await ask('POST', '/email-confirmations', { token })
  // one more, which stays open
  await ask('POST', '/me/email', { email: CANARY.email, password })
  const second = 'another one of the canary'
  await ask('POST', '/me/password', { current_password: password, password: second })
  await ask('POST', '/password-resets', { email: CANARY.changed })
  const third = 'the third of the canary'
  const reset = tokenIn((await mails.link(CANARY.changed)).link)
  await ask('POST', '/password-resets/completion', { token: reset, password: third })
  const other = browsing(visitorOf(plane))
  for (const one of [visitor, other])
    await asking(one)('POST', '/sign-in/password', { email: CANARY.changed, password: third })
  const { sessions } = (await ask('GET', '/me')).body
  await ask('DELETE', `/me/sessions/${sessions.find(({ current }: { current: boolean }) => !current).id}`)
  const gone = browsing(visitorOf(plane))
  await asking(gone)('POST', '/sign-in/password', { email: CANARY.changed, password: third })
  await asking(gone)('DELETE', '/session')
  return third
}

/** A second place, and what she does with the places of others. */
async function belongs({ ana, mails, plane, account_id }: Stage, visitor: Visitor): Promise<void> {
  const ask = asking(visitor)
  await asking(ana)('POST', '/invitations', { email: CANARY.changed, role: 'tenant_owner', account_id })
  await ask('POST', '/me/memberships', { token: tokenIn((await mails.link(CANARY.changed)).link) })
  const { memberships } = (await ask('GET', '/session')).body.person
  for (const { id } of memberships.toSorted((a: { active: boolean }) => (a.active ? 1 : -1)))
    await ask('POST', '/me/membership', { membership_id: id })
  const email = 'guest@birds.example'
  await ask('POST', '/invitations', { email, role: 'support' })
  const { link } = await mails.link(email)
  const guest = { token: tokenIn(link), name: 'A guest', password: 'the password of a guest' }
  await asking(visitorOf(plane))('POST', '/invitations/acceptance', guest)
  const members = (await ask('GET', '/people')).body.items as { id: string; person: { email: string } }[]
  const { id } = members.find(({ person }) => person.email === email)!
  await ask('PATCH', `/people/${id}`, { role: 'finance' })
  await ask('DELETE', `/people/${id}`)
  const { invitation } = (await ask('POST', '/invitations', { email: 'nobody@birds.example', role: 'support' })).body
  await ask('POST', `/invitations/${invitation.id}/renewal`, {})
  await ask('DELETE', `/invitations/${invitation.id}`)
  // of these two stay open: to somebody else, and to her own former address
  await ask('POST', '/invitations', { email: 'later@birds.example', role: 'support' })
  await asking(ana)('POST', '/invitations', { email: CANARY.email, role: 'support' })
  expect(await invitedTo(ana)).toContain(CANARY.email)
}
const invitedTo = async (one: Visitor) =>
  (await one.ask('GET', '/invitations')).body.items.map(({ email }: { email: string }) => email)

/** What keeps in its rows who did it. Returns the key that stays. */
async function works({ account_id }: Stage, visitor: Visitor): Promise<string> {
  const ask = asking(visitor)
  const made = async (path: string, body: unknown) => (await ask('POST', path, body)).body
  const { key } = await made('/api-keys', { name: 'For the nightly report', role: 'read_only' })
  const { key: old } = await made('/api-keys', { name: 'Not for long', role: 'read_only' })
  await ask('DELETE', `/api-keys/${old.id}`)
  const role = await made('/roles', { name: 'Warden', of: 'installation', permissions: ['inventory.read'] })
  await ask('PATCH', `/roles/${role.custom.id}`, {
    name: 'Warden of all',
    permissions: ['inventory.read', 'events.read'],
  })
  await ask('DELETE', `/roles/${role.custom.id}`)
  await made('/roles', { name: 'Keeper', of: 'account', permissions: ['inventory.read'] })
  const { id } = await made('/accounts', { name: 'A customer of hers' })
  await ask('PATCH', `/accounts/${id}`, { name: 'A customer still' })
  const { id: project } = await made(`/accounts/${id}/projects`, { name: 'Her project' })
  await ask('PATCH', `/projects/${project}`, { name: 'Her project still' })
  await made(`/projects/${project}/closure`, {})
  await ask('PATCH', '/session-settings', { staff_idle_hours: 10 })
  const entity = {
    name: 'Another company',
    address: { country: 'ES' },
    currency: 'EUR',
    zone: 'Europe/Madrid',
    language: 'es',
    tax_category: 'S',
    tax_rate: '21.00',
    invoice_prefix: 'BIRD-',
  }
  const { id: entity_id } = await made('/legal-entities', entity)
  await ask('PATCH', `/legal-entities/${entity_id}`, { tax_rate: '10.00' })
  await made('/prices', { kind: 'vm', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '0.01' })
  const provider = { name: 'Work', issuer: 'http://127.0.0.1:9', domain: 'else.example', client_id: 'a' }
  const sso = await made('/sso-providers', { ...provider, client_secret: 'a secret of the client' })
  await made('/sso-providers', { ...provider, client_id: 'b', client_secret: 'a secret of the client' })
  await ask('DELETE', `/sso-providers/${sso.id}`)
  await made('/impersonation', { account_id, reason: 'ticket 4711' })
  await ask('DELETE', '/impersonation')
  await made('/impersonation', { account_id, reason: 'ticket 4712' })
  await ask('DELETE', '/impersonation')
  return key.id
}
