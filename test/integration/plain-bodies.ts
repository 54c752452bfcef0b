/** Bodies of POSTs that name nothing of a test's world: each creates something of its own. */
import { newId } from '#control-plane/base/id.ts'

export const PLAIN_BODIES: Record<string, () => unknown> = {
  '/accounts': () => ({ name: 'Created once' }),
  '/invitations': () => ({ email: `${newId()}@example.com`, role: 'read_only', language: 'en' }),
  '/legal-entities': () => ({
    name: 'Created once',
    address: { country: 'ES' },
    currency: 'EUR',
    zone: 'Europe/Madrid',
    language: 'es',
    tax_category: 'S',
    tax_rate: '21.00',
    invoice_prefix: 'ONCE-',
  }),
  '/accounts/{id}/projects': () => ({ name: `Project ${newId()}` }),
  '/accounts/{id}/vat-check': () => ({ by_hand: { result: 'valid', detail: 'on the web site of VIES' } }),
  '/projects/{id}/closure': () => ({}),
  '/accounts/{id}/limits': () => ({ amount: '100' }),
  '/agent-rollouts/{id}/pause': () => ({ reason: 'held once' }),
  '/agent-rollouts/{id}/resume': () => ({}),
  '/agent-rollouts/{id}/roll-back': () => ({ reason: 'rolled back once' }),
  '/agents/enrol': () => ({}),
  '/api-keys': () => ({ name: 'created once', role: 'read_only' }),
  '/cost-books': () => ({ name: 'opened once', realm: newId() }),
  '/enrolments': () => ({}),
  '/people/{id}/erasure': () => ({ reason: 'asked for it' }),
  '/period-closes': () => ({ month: '2026-01' }),
  '/price-indexes': () => ({ name: `Index ${newId()}`, currency: 'EUR', unit: 'MWh' }),
  '/prices': () => ({ kind: 'vm', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '0.01' }),
  '/roles': () => ({ name: `Role ${newId()}`, of: 'account', permissions: ['inventory.read'] }),
  '/sources': () => ({ agent: 'idempotency', connector: 'simulated', realm: 'again', settings: {} }),
}
