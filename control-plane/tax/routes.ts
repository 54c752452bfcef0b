/** HTTP of tax: the setting of a company, and the VAT id of a customer. */
import { z } from 'zod'
import { answers, ById, type HttpDeps, router, transactAs, valid, verb, verbAfter } from '../http/index.ts'
import { DatedRate, NewVatCheck, TaxSetting, VatStatus } from './contract.ts'
import {
  askRegister,
  changeTaxSetting,
  getTaxSetting,
  recordCheck,
  type VatRegister,
  usualRates,
  vatStatus,
} from './index.ts'

const Rates = z.object({ items: z.array(DatedRate) })

/** `register`: null where nobody is asked. */
export const routes = (deps: HttpDeps & { register: VatRegister | null }) => {
  const { register } = deps
  /** checks are kept by the program, of an account that the caller reaches */
  const asProgram = { ...deps, tenants: deps.db }
  return router()
    .get(
      '/tax-rates',
      answers('Standard rates of the member states, to begin with', Rates, 'legal_entities.write'),
      (c) => c.json({ items: usualRates() }),
    )
    .get(
      '/legal-entities/:id/tax',
      answers('How a company is taxed', TaxSetting, 'legal_entities.write'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getTaxSetting(ctx, c.req.valid('param').id))),
    )
    .put(
      '/legal-entities/:id/tax',
      answers('Choose how a company is taxed', TaxSetting, 'legal_entities.write'),
      valid('param', ById),
      valid('json', TaxSetting),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => changeTaxSetting(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .get(
      '/accounts/:id/vat-check',
      answers("What is known of a customer's VAT id", VatStatus, 'billing.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => vatStatus(ctx, c.req.valid('param').id, register !== null))),
    )
    .post(
      '/accounts/:id/vat-check',
      answers("Check a customer's VAT id, or record that it was checked", VatStatus, 'accounts.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewVatCheck),
      async (c) => {
        const [{ id }, input] = [c.req.valid('param'), c.req.valid('json')]
        const ask = async () => {
          const asking = await transactAs(asProgram, c.get('actor'), (ctx) => askRegister(ctx, id, input, register))
          return asking()
        }
        const made = verbAfter(c, asProgram, ask, (ctx, asked) => recordCheck(ctx, id, input, asked, register !== null))
        return c.json(await made, 201)
      },
    )
}
