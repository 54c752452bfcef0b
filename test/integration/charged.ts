/** An account with two charges: one on an invoice of its own, and one that is open. */
import type { Call } from './http.ts'

const CHARGE = { description: 'Installation', unit_price: '80', reason: 'agreed' }

export async function chargedTwice(call: Call, account_id: string): Promise<{ invoice: string; charge: string }> {
  const recorded = async () => (await call('POST', `/accounts/${account_id}/charges`, CHARGE)).body['id'] as string
  const billed = { charge_ids: [await recorded()] }
  const { body } = await call('POST', `/accounts/${account_id}/one-off-invoices`, billed)
  return { invoice: body['id'], charge: await recorded() }
}

/** A body for each POST of charges and of what becomes of their invoice. */
export const chargeBodies = (open: () => string): Record<string, () => unknown> => ({
  '/accounts/{id}/charges': () => CHARGE,
  '/accounts/{id}/one-off-invoices': () => ({ charge_ids: [open()] }),
  '/invoices/{id}/mails': () => ({ to: 'once@example.com' }),
  '/invoices/{id}/write-offs': () => ({ amount: '1.00', reason: 'bankrupt' }),
})
