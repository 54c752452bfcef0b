/** Visitors of a running control plane: each a browser without a page, at an address of its own, that keeps its cookies. */
import postgres from 'postgres'
import { expect } from 'vitest'
import { freshDatabase, ownNats, startControlPlane, type Suite } from '../setup/stack.ts'

interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any
  text: string
}
export interface Visitor {
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  cookie(): string
}

export interface Person {
  email: string
  password: string
}

/** Who owns what is tried here. */
export const ANA = { name: 'Ana', email: 'ana@example.com', password: 'correct horse battery' }

/** A running control plane, its database from behind, and Ana at its door. What sockets say is believed, so that each visitor has an address of his own. */
export async function house(suite: Suite, env: Record<string, string> = {}) {
  const { server } = await ownNats(suite)
  const installation = await freshDatabase(suite)
  const trusting = { ATALAYA_TRUSTED_PROXIES: '127.0.0.1', ...env }
  const plane = await startControlPlane(suite, installation, server, { env: trusting })
  const sql = postgres(installation.superuserUrl, { max: 1, onnotice: () => {} })
  suite.atEnd(() => sql.end({ timeout: 1 }))
  return { server, installation, plane, sql, ana: visitorOf(plane) }
}
export type House = Awaited<ReturnType<typeof house>>

/** Ana has become the owner by the set-up token. */
export async function owned(suite: Suite, env: Record<string, string> = {}): Promise<House> {
  const made = await house(suite, env)
  await made.ana.ask('POST', '/session', { token: made.installation.setupToken })
  expect((await made.ana.ask('POST', '/owner', ANA)).status).toBe(200)
  return made
}

let visitors = 0
export function visitorOf(plane: { origin: string }): Visitor {
  const address = `198.51.100.${(visitors += 1)}`
  const jar = new Map<string, string>()
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    cookie,
    async ask(method, path, body, headers = {}) {
      const answer = await fetch(`${plane.origin}/api/v1${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          'sec-fetch-site': 'same-origin',
          'x-forwarded-for': address,
          cookie: cookie(),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      for (const one of answer.headers.getSetCookie()) {
        const [name = '', value = ''] = (one.split(';')[0] ?? '').split('=')
        if (/max-age=0/i.test(one)) jar.delete(name)
        else jar.set(name, value)
      }
      const text = await answer.text()
      const isJson = /json/.test(answer.headers.get('content-type') ?? '')
      return { status: answer.status, text, body: isJson ? JSON.parse(text) : null }
    },
  }
}

export async function signedIn(one: Visitor, person: Person): Promise<Visitor> {
  const answer = await one.ask('POST', '/sign-in/password', person)
  expect(answer.status, answer.text).toBe(200)
  return one
}

/** The token of the link that the inviter is shown. */
export async function invited(by: Visitor, wanted: Record<string, unknown>): Promise<string> {
  const made = await by.ask('POST', '/invitations', wanted)
  expect(made.status, made.text).toBe(201)
  return String(made.body.link).split('#invitation=')[1] ?? ''
}

/** Invites a person, who accepts as this visitor. */
export async function joined(by: Visitor, one: Visitor, name: string, wanted: Record<string, unknown> = {}) {
  const person = { email: `${name}@example.com`, password: `${name} has a long password` }
  const token = await invited(by, { email: person.email, role: 'support', ...wanted })
  const accepted = await one.ask('POST', '/invitations/acceptance', { token, name, password: person.password })
  expect(accepted.status, accepted.text).toBe(200)
  return { person, visitor: one, session: accepted.body.session }
}
