/** What no role of the installation's own people may ever do, by hand: the table of permissions may not come to allow these. */
import type { Role } from '#control-plane/base/roles.ts'

/** Written by hand, from what each role is for: the table may not come to allow these. */
const KEYS = ['POST /api-keys', 'GET /api-keys', 'DELETE /api-keys/{id}', 'DELETE /demo']
const MACHINERY = [
  'POST /enrolments',
  'POST /sources',
  'PATCH /sources/{id}',
  'DELETE /sources/{id}',
  'DELETE /agents/{id}',
  'POST /agent-releases',
  'PUT /agent-releases/{id}/file',
  'DELETE /agent-releases/{id}',
  'POST /agent-rollouts',
  'POST /agent-rollouts/{id}/pause',
  'POST /agent-rollouts/{id}/resume',
  'POST /agent-rollouts/{id}/roll-back',
  'POST /resources/{id}/assignments',
  'POST /resources/{id}/same-as',
]
const MONEY = [
  'GET /re-ratings',
  'POST /accounts/{id}/re-rating',
  'POST /accounts/{id}/notes',
  'POST /legal-entities',
  'GET /period-closes',
  'POST /period-closes',
  'POST /period-closes/{id}/finalise',
  'PATCH /period-closes/{id}/accounts/{account}',
  'POST /invoices',
  'POST /prices',
  'POST /accounts',
  'PATCH /accounts/{id}',
  'PATCH /legal-entities/{id}',
  'PUT /legal-entities/{id}/logo',
  'DELETE /legal-entities/{id}/logo',
  'POST /accounts/{id}/accepted-gaps',
  'GET /legal-entities/{id}/tax',
  'PUT /legal-entities/{id}/tax',
  'POST /accounts/{id}/vat-check',
  'POST /accounts/{id}/redemptions',
  'POST /coupons',
  'PATCH /coupons/{id}',
]
const INSTALLATION = [
  'GET /session-settings',
  'PATCH /session-settings',
  'POST /owner',
  'GET /sso-providers',
  'POST /sso-providers',
  'DELETE /sso-providers/{id}',
]
const PEOPLE = [
  'POST /roles',
  'PATCH /roles/{id}',
  'DELETE /roles/{id}',
  'PATCH /people/{id}',
  'DELETE /people/{id}',
  'GET /people/{id}/data',
  'GET /people/{id}/erasure',
  'POST /people/{id}/erasure',
  'POST /invitations',
  'DELETE /invitations/{id}',
  'POST /invitations/{id}/renewal',
  ...INSTALLATION,
]
const BILLS = ['GET /invoices', 'GET /invoices/{id}', 'GET /drafts']
export const DANGEROUS: Partial<Record<Role, readonly string[]>> = {
  administrator: ['DELETE /demo', ...INSTALLATION],
  operator: ['GET /audit', 'GET /audit.csv', 'POST /verification', ...BILLS, ...MONEY, ...KEYS, ...PEOPLE],
  finance: [...MACHINERY, ...KEYS, ...PEOPLE],
  support: ['GET /audit.ndjson', 'POST /audit/verification', ...MONEY, ...MACHINERY, ...KEYS, ...PEOPLE],
  read_only: [...BILLS, ...MONEY, ...MACHINERY, ...KEYS, ...PEOPLE, 'GET /audit', 'GET /people', 'GET /invitations'],
}
