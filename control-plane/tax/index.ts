/** Verbs of tax: how a company is taxed, which tax a customer's bill bears, and whether his VAT id is valid. */
import { getAccount, getLegalEntity } from '../accounts/index.ts'
import type { Account } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { dateOf, HOUR_MS, type Instant, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { refuse } from '../accounts/rules.ts'
import type { VatAnswer, VatRegister } from './client.ts'
import {
  type DatedRate,
  type LineTax,
  type NewVatCheck,
  TaxClass,
  type TaxSetting,
  type VatCheck,
  type VatStatus,
} from './contract.ts'
import { RATES_FROM, STANDARD_RATES } from './eu.ts'
import { settingErrors, type Supply, taxFor } from './rules.ts'
import { type CheckRow, countChecks, insertCheck, lastCheck, replaceSetting, selectSetting } from './store.ts'
import { type VatId, vatIdOf } from './vat-id.ts'

export { type VatRegister, vies } from './client.ts'

export async function getTaxSetting(ctx: Context, legal_entity_id: string): Promise<TaxSetting> {
  permit(ctx, 'accounts.read')
  await getLegalEntity(ctx, legal_entity_id)
  return selectSetting(ctx, legal_entity_id)
}

/** Proposals: what a company charges is what it has saved. */
export const usualRates = (): DatedRate[] =>
  Object.entries(STANDARD_RATES).map(([country, rate]) => ({ country, tax_class: 'standard', rate, from: RATES_FROM }))

/** Holds for what is invoiced from now on. */
export async function changeTaxSetting(
  ctx: Context,
  legal_entity_id: string,
  setting: TaxSetting,
): Promise<TaxSetting> {
  permit(ctx, 'legal_entities.write')
  const { address } = await getLegalEntity(ctx, legal_entity_id)
  refuse(settingErrors(setting, address.country))
  const before = await selectSetting(ctx, legal_entity_id)
  await replaceSetting(ctx, legal_entity_id, setting)
  const after = await selectSetting(ctx, legal_entity_id)
  const subject = { kind: 'legal_entity', id: legal_entity_id }
  await append(ctx, { type: 'legal_entity.tax_changed', subject, before, after })
  return after
}

export type TaxByClass = Readonly<Record<TaxClass, LineTax>>

/** The tax of each class on a bill of a seller to a buyer for a period that ends at an instant. */
export async function taxesOfSupply(
  ctx: Context,
  { legal_entity_id, account_id, to }: { legal_entity_id: string; account_id: string; to: Instant },
): Promise<TaxByClass> {
  permit(ctx, 'accounts.read')
  const setting = await selectSetting(ctx, legal_entity_id)
  const { tax_category, tax_rate, address, zone } = await getLegalEntity(ctx, legal_entity_id)
  const seller = { tax_category, tax_rate, country: address.country }
  const account = await getAccount(ctx, account_id)
  const buyer = {
    country: account.address.country,
    status: account.tax_status,
    valid_vat_country: await validCountry(ctx, account),
  }
  const supply: Supply = { setting, seller, buyer, date: dateOf(to - 1, zone) }
  return Object.fromEntries(TaxClass.options.map((one) => [one, taxFor(supply, one)])) as Record<TaxClass, LineTax>
}

async function validCountry(ctx: Context, account: Account): Promise<string | null> {
  const vat = vatOf(account)
  if (!vat?.isRight) return null
  const answer = await lastCheck(ctx, account.id, vat.id, true)
  return answer?.result === 'valid' ? vat.country : null
}

const vatOf = ({ tax_id, address }: Pick<Account, 'tax_id' | 'address'>): VatId | null =>
  vatIdOf(tax_id, address.country)

/** What is known of a customer's VAT id, and since when. */
export async function vatStatus(ctx: Context, account_id: string, online: boolean): Promise<VatStatus> {
  permit(ctx, 'billing.read')
  const account = await getAccount(ctx, account_id)
  // of an account that the caller reaches
  return ctx.program((program) => statusOf(program, account, online))
}

async function statusOf(ctx: Context, account: Account, online: boolean): Promise<VatStatus> {
  const vat = vatOf(account)
  const [answer, last] = vat
    ? [await lastCheck(ctx, account.id, vat.id, true), await lastCheck(ctx, account.id, vat.id, false)]
    : [null, null]
  return {
    account_id: account.id,
    vat_id: vat?.id ?? null,
    format: vat === null ? 'none' : vat.isRight ? 'right' : 'wrong',
    counts_as_valid: vat?.isRight === true && answer?.result === 'valid',
    answer: answer && shown(answer),
    last: last && shown(last),
    online,
  }
}
const shown = ({ id: _id, account_id: _account, ...row }: CheckRow): VatCheck => ({ ...row, at: iso(row.at) })

/** Tries of one account in an hour: who types can't make us ask VIES without end. */
export const CHECKS = 20

export interface Asked {
  /** what was asked about: the account may have another one by the time that the answer comes */
  vat_id: string
  /** null: the check was made by hand */
  answer: VatAnswer | null
}

/**
 * Whom to ask about the id that an account has now, before the transaction that keeps the answer. Throws `invalid` where there is
 * nothing to ask about, `unavailable` where nobody is asked, `rate_limited`.
 */
export async function askRegister(
  ctx: Context,
  account_id: string,
  { by_hand }: NewVatCheck,
  register: VatRegister | null,
): Promise<() => Promise<Asked>> {
  permit(ctx, 'accounts.write')
  const account = await getAccount(ctx, account_id)
  const vat = vatOf(account)
  if (!vat) throw wrong(`${account.name} has no VAT id of the EU.`, 'must be a VAT id such as DE136695976')
  if (!vat.isRight)
    throw wrong(
      `${vat.id} is no VAT id: its form or its check digits are wrong.`,
      'is wrong; compare it digit by digit',
    )
  if (by_hand) return async () => ({ vat_id: vat.id, answer: null })
  if (!register)
    throw new Problem(
      'unavailable',
      'This installation does not ask VIES: set ATALAYA_VIES_URL, or check the id on the web site of VIES and record the answer by hand.',
    )
  if ((await countChecks(ctx, account_id, ctx.now() - HOUR_MS)) >= CHECKS)
    throw new Problem(
      'rate_limited',
      `VIES was asked ${CHECKS} times for ${account.name} within an hour. Wait an hour.`,
    )
  const seller = await getLegalEntity(ctx, account.legal_entity_id)
  const requester = vatIdOf(seller.tax_id, seller.address.country)
  return async () => ({ vat_id: vat.id, answer: await register(vat, requester) })
}
const wrong = (detail: string, field: string) => new Problem('invalid', detail, [{ pointer: '/tax_id', detail: field }])

/** Keeps what was answered. One that wasn't leaves the last answer as it was, with its age. */
export async function recordCheck(
  ctx: Context,
  account_id: string,
  { by_hand }: NewVatCheck,
  { vat_id, answer }: Asked,
  online: boolean,
): Promise<VatStatus> {
  permit(ctx, 'accounts.write')
  if (by_hand && ctx.actor.account_id !== null)
    throw new Problem(
      'forbidden',
      'That a VAT id was checked by hand is recorded by the seller; ask him to check yours.',
    )
  const account = await getAccount(ctx, account_id)
  const told = by_hand ? { ...by_hand, request_id: by_hand.request_id || null, name: null } : sure(answer)
  const by: CheckRow['by'] = by_hand ? 'hand' : 'vies'
  const row: CheckRow = { id: newId(), account_id, vat_id, by, at: ctx.now(), actor: ctx.actor.name, ...told }
  await insertCheck(ctx, row)
  const subject = { kind: 'account', id: account_id }
  await append(ctx, { type: 'vat_id.checked', subject, account_id, after: shown(row) })
  return statusOf(ctx, account, online)
}
