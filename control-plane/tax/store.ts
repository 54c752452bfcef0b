/** The SQL of tax. */
import { and, asc, desc, eq, gt, ne } from 'drizzle-orm'
import type { Instant } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { together } from '../db/together.ts'
import { FIXED, type TaxSetting } from './contract.ts'
import { taxRate, taxSetting, vatCheck } from './schema.ts'

export type CheckRow = typeof vatCheck.$inferSelect

/** Of what is made at once for many accounts of a company, once. */
export const selectSetting = (ctx: Context, legal_entity_id: string): Promise<TaxSetting> =>
  settingOnce(ctx, legal_entity_id, null)
const settingOnce = together(async (ctx, legal_entity_id: string, askers: readonly null[]) => {
  const setting = await readSetting(ctx, legal_entity_id)
  return askers.map(() => setting)
})
async function readSetting(ctx: Context, legal_entity_id: string): Promise<TaxSetting> {
  const [row] = await ctx.tx.select().from(taxSetting).where(eq(taxSetting.legal_entity_id, legal_entity_id))
  if (!row) return FIXED
  const { country, tax_class, rate, from } = taxRate
  const rates = await ctx.tx
    .select({ country, tax_class, rate, from })
    .from(taxRate)
    .where(eq(taxRate.legal_entity_id, legal_entity_id))
    .orderBy(asc(country), asc(tax_class), asc(from))
  const { legal_entity_id: _company, ...setting } = row
  return { ...setting, rates }
}

export async function replaceSetting(
  ctx: Context,
  legal_entity_id: string,
  { rates, ...setting }: TaxSetting,
): Promise<void> {
  await ctx.tx
    .insert(taxSetting)
    .values({ legal_entity_id, ...setting })
    .onConflictDoUpdate({ target: taxSetting.legal_entity_id, set: setting })
  await ctx.tx.delete(taxRate).where(eq(taxRate.legal_entity_id, legal_entity_id))
  if (rates.length > 0) await ctx.tx.insert(taxRate).values(rates.map((rate) => ({ legal_entity_id, ...rate })))
}

export const insertCheck = async (ctx: Context, row: CheckRow): Promise<void> => {
  await ctx.tx.insert(vatCheck).values(row)
}

/** Tries of an account since an instant. */
export const countChecks = (ctx: Context, account_id: string, since: Instant): Promise<number> =>
  ctx.tx.$count(vatCheck, and(eq(vatCheck.account_id, account_id), gt(vatCheck.at, since)))

/** The last try about an id; with `answered`, the last one that said yes or no. */
export async function lastCheck(
  ctx: Context,
  account_id: string,
  vat_id: string,
  answered: boolean,
): Promise<CheckRow | null> {
  const [row] = await ctx.tx
    .select()
    .from(vatCheck)
    .where(
      and(
        eq(vatCheck.account_id, account_id),
        eq(vatCheck.vat_id, vat_id),
        answered ? ne(vatCheck.result, 'unavailable') : undefined,
      ),
    )
    .orderBy(desc(vatCheck.at), desc(vatCheck.id))
    .limit(1)
  return row ?? null
}
