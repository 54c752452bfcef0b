/** Each route that somebody of an account may call: what it names, and what its answer holds where that is one's own. */
import type { Answer, Call } from './http.ts'
import { type Customer, VAT_ID } from './two-accounts.ts'

export const NOWHERE = '0198c5d0-0000-7000-8000-000000000000'

export interface Route {
  name: string
  method: string
  path: string
  needs: string
}

/** Every route of the API's own description. */
export async function routesOf(call: Call): Promise<Route[]> {
  const { paths } = (await call('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, { 'x-permission'?: string }>>
  }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({
      name: `${method.toUpperCase()} ${path.replace('/api/v1', '')}`,
      method: method.toUpperCase(),
      path: path.replace('/api/v1', ''),
      needs: route['x-permission'] ?? '',
    })),
  )
}

export type Of = Pick<Customer, 'account_id' | 'resource_id' | 'invoice_id' | 'line_id'> & {
  key_id: string
  draft_line_id: string
  member_id: string
  invitation_id: string
  project_id: string
  limit_id: string
  service_id: string
}
export interface Cell {
  /** what the address or the body names */
  names: (of: Of) => Record<string, string>
  body?: (of: Of) => unknown
  /** the id that the answer must hold where it is one's own; null: the answer is empty, or holds no id */
  holds?: (of: Of) => string | null
}

const account = { names: (of: Of) => ({ id: of.account_id }), holds: (of: Of) => of.account_id }
const resource = { names: (of: Of) => ({ id: of.resource_id }) }
const invoice = { names: (of: Of) => ({ id: of.invoice_id }), holds: (of: Of) => of.invoice_id }
const one = (id: (of: Of) => string): Cell => ({ names: (of) => ({ id: id(of) }), holds: id })
/** Lists name nothing: they hold what is one's own, and nothing of the other. */
const list = (holds: (of: Of) => string | null): Cell => ({ names: () => ({}), holds })

/** Each route that a tenant's role may call. A route that isn't here fails the test that reads this. */
export const CELLS: Readonly<Record<string, Cell>> = {
  'GET /session': list((of) => of.account_id),
  'DELETE /session': list(() => null),
  'DELETE /impersonation': list(() => null),
  'GET /roles': list(() => null),
  'GET /meters': list(() => null),
  'GET /api-keys': list((of) => of.key_id),
  'POST /api-keys': {
    names: () => ({}),
    body: (of) => ({ name: 'made', role: 'tenant_member', account_id: of.account_id }),
    holds: (of) => of.account_id,
  },
  'DELETE /api-keys/{id}': { names: (of) => ({ id: of.key_id }), holds: () => null },
  'GET /legal-entities': list(() => null),
  'GET /accounts': list((of) => of.account_id),
  'GET /accounts/{id}': account,
  'PATCH /accounts/{id}': { ...account, body: () => ({ tax_id: VAT_ID, tax_status: 'business' }) },
  'POST /accounts/{id}/projects': {
    names: (of) => ({ id: of.account_id }),
    body: () => ({ name: `Project ${crypto.randomUUID()}` }),
    holds: () => null,
  },
  'PATCH /projects/{id}': { ...one((of) => of.project_id), body: () => ({ name: `Project ${crypto.randomUUID()}` }) },
  'POST /projects/{id}/closure': { ...one((of) => of.project_id), body: () => ({}) },
  'GET /accounts/{id}/contracts': account,
  'GET /accounts/{id}/vat-check': account,
  'POST /accounts/{id}/vat-check': { ...account, body: () => ({}) },
  'GET /accounts/{id}/redemptions': { ...account, holds: () => null },
  'POST /accounts/{id}/redemptions': { ...account, body: () => ({ code: 'EVERYBODY' }) },
  'GET /accounts/{id}/services': { ...account, holds: (of) => of.service_id },
  'GET /accounts/{id}/usage': account,
  'GET /accounts/{id}/usage.csv': { ...account, holds: () => null },
  'GET /accounts/{id}/draft': account,
  'GET /accounts/{id}/draft/lines/{line}/explanation': {
    names: (of) => ({ id: of.account_id, line: of.draft_line_id }),
    holds: (of) => of.draft_line_id,
  },
  'GET /accounts/{id}/pro-forma': { ...account, holds: () => null },
  'GET /accounts/{id}/bill': account,
  'GET /accounts/{id}/standings': { ...account, holds: () => null },
  'GET /accounts/{id}/limits': { ...account, holds: () => null },
  'POST /accounts/{id}/limits': { ...account, body: () => ({ amount: '100' }) },
  'DELETE /limits/{id}': { names: (of) => ({ id: of.limit_id }), holds: () => null },
  'GET /drafts': list((of) => of.account_id),
  'GET /invoices': list((of) => of.invoice_id),
  'GET /invoices.csv': list((of) => of.invoice_id),
  'GET /invoices/{id}': invoice,
  'GET /invoices/{id}/pdf': { ...invoice, holds: () => null },
  'GET /invoices/{id}/lines.csv': { ...invoice, holds: (of) => of.line_id },
  'GET /invoices/{id}/logo': { ...invoice, holds: () => null },
  'GET /invoices/{id}/lines/{line}/explanation': {
    names: (of) => ({ id: of.invoice_id, line: of.line_id }),
    holds: (of) => of.line_id,
  },
  'GET /resources': list((of) => of.resource_id),
  'GET /resources.csv': list((of) => of.resource_id),
  'GET /resources/summary': list(() => null),
  'GET /resources/{id}': { ...resource, holds: (of) => of.resource_id },
  'GET /resources/{id}/history': { ...resource, holds: (of) => of.account_id },
  'GET /resources/{id}/usage': resource,
  'GET /resources/{id}/metrics': resource,
  'GET /resources/{id}/series': resource,
  'GET /resources/{id}/cost': resource,
  'GET /events': list((of) => of.account_id),
  'GET /people': list((of) => of.member_id),
  'PATCH /people/{id}': { ...one((of) => of.member_id), body: () => ({ role: 'tenant_billing' }) },
  'DELETE /people/{id}': { ...one((of) => of.member_id), holds: () => null },
  'GET /invitations': list((of) => of.invitation_id),
  'POST /invitations': {
    names: () => ({}),
    body: (of) => ({ email: `${crypto.randomUUID()}@example.com`, role: 'tenant_member', account_id: of.account_id }),
    holds: (of) => of.account_id,
  },
  'POST /invitations/{id}/renewal': one((of) => of.invitation_id),
  'DELETE /invitations/{id}': { ...one((of) => of.invitation_id), holds: () => null },
}
/**
 * Tried elsewhere: a stream that doesn't end by itself (`roles.test.ts`), what all customers of a seller see (`branding.test.ts`), what is a person's, wherever he belongs (`people.test.ts`), and
 * making roles, which no tenant may although he may give them (`custom-roles.test.ts`).
 */
export const isElsewhere = (name: string) =>
  name === 'GET /stream' ||
  name === 'GET /legal-entities/{id}/logo' ||
  / \/me(\/|$)/.test(name) ||
  /^(POST|PATCH|DELETE) \/roles/.test(name)

export const NEVER: Of = {
  account_id: NOWHERE,
  resource_id: NOWHERE,
  invoice_id: NOWHERE,
  line_id: NOWHERE,
  key_id: NOWHERE,
  draft_line_id: NOWHERE,
  member_id: NOWHERE,
  invitation_id: NOWHERE,
  project_id: NOWHERE,
  limit_id: NOWHERE,
  service_id: NOWHERE,
}

/** The problem without what differs from one request to the next, and with what was asked for left out. */
export const masked = ({ status, text }: Answer, of: Of) => ({
  status,
  text: [...new Set(Object.values(of))].reduce(
    (all, id) => all.replaceAll(id, NOWHERE),
    text.replace(/"request_id":"[^"]*"/, ''),
  ),
})
