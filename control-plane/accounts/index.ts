/** Verbs of accounts: legal entities that sell, accounts that buy, and who may come in. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { assert, Problem, sure } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Page, PageQuery } from '../http/contract.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import type {
  Account,
  AccountChange,
  LegalEntity,
  LegalEntityChange,
  Logo,
  NewAccount,
  NewLegalEntity,
  SessionSettings,
} from './contract.ts'
import { requireBelow } from './resale/index.ts'
import { brandingErrors, placeErrors, prefixErrors, refuse, taxErrors } from './rules.ts'
import {
  insertAccount,
  insertEntity,
  selectAccount,
  selectAccountIds,
  selectAccounts,
  selectDefaultAccount,
  selectEntities,
  selectEntity,
  selectIdle,
  selectInstallation,
  updateAccount,
  updateEntity,
  updateIdle,
} from './store.ts'

export {
  authenticate,
  createKey,
  endSetUp,
  listKeys,
  mintCredential,
  revokeApiKey,
  SESSION_SECONDS,
  signIn,
  signOut,
} from './credentials.ts'
export { asWhom, endImpersonation, impersonate } from './impersonation.ts'
export { type Customer, isResoldBy, resoldBy } from './resale/index.ts'
export { type Given, requireGivable } from './roles/giving.ts'
export { type Bearers, changeCustomRole, createCustomRole, endCustomRole, listRoles, nameOf } from './roles/index.ts'
export { endProject, openProject, renameProject, requireOpenProject, requireProject } from './projects/index.ts'
export { hashOf } from './secret.ts'
export { setUp, type SetUp } from './set-up.ts'

export async function listLegalEntities(ctx: Context): Promise<LegalEntity[]> {
  permit(ctx, 'accounts.read')
  return await selectEntities(ctx)
}

export async function getLegalEntity(ctx: Context, id: string): Promise<LegalEntity> {
  permit(ctx, 'accounts.read')
  const found = await selectEntity(ctx, id)
  if (!found) throw new Problem('not_found', `There is no legal entity ${id}.`)
  return found
}

export async function changeLegalEntity(ctx: Context, id: string, change: LegalEntityChange): Promise<LegalEntity> {
  permit(ctx, 'legal_entities.write')
  const before = await getLegalEntity(ctx, id)
  const others = (await selectEntities(ctx)).filter((entity) => entity.id !== id)
  refuse([
    ...placeErrors(change),
    ...taxErrors({ ...before, ...change }),
    ...prefixErrors(change.invoice_prefix, others),
    ...brandingErrors(change.branding),
  ])
  return await setEntity(ctx, before, change)
}

/** The logo of its documents from now on, or none; its bytes are kept by whoever calls this. */
export async function setLogo(ctx: Context, id: string, logo: Logo | null): Promise<LegalEntity> {
  permit(ctx, 'legal_entities.write')
  return await setEntity(ctx, await getLegalEntity(ctx, id), { logo })
}

async function setEntity(
  ctx: Context,
  before: LegalEntity,
  change: LegalEntityChange | { logo: Logo | null },
): Promise<LegalEntity> {
  const { id } = before
  await updateEntity(ctx.tx, id, change)
  const after = await getLegalEntity(ctx, id)
  await append(ctx, { type: 'legal_entity.changed', subject: { kind: 'legal_entity', id }, before, after })
  return after
}

/** Another company that sells. Its standard price book is made with it: call `openLegalEntity` of contracts. */
export async function createLegalEntity(ctx: Context, input: NewLegalEntity): Promise<LegalEntity> {
  permit(ctx, 'legal_entities.write')
  const others = await selectEntities(ctx)
  refuse([
    ...placeErrors(input),
    ...taxErrors(input),
    ...prefixErrors(input.invoice_prefix, others),
    ...brandingErrors(input.branding),
  ])
  if (input.reseller_account_id !== null) await getAccount(ctx, input.reseller_account_id)
  const id = newId()
  await insertEntity(ctx.tx, { ...input, id, created_at: ctx.now() })
  const after = await getLegalEntity(ctx, id)
  await append(ctx, { type: 'legal_entity.created', subject: { kind: 'legal_entity', id }, after })
  return after
}

const Cursor = z.object({ at: InstantMs, id: z.uuid() })

/** In the order in which they were opened. */
export async function listAccounts(ctx: Context, query: z.infer<typeof PageQuery>): Promise<Page<Account>> {
  permit(ctx, 'accounts.read')
  const { found, last, total } = await selectAccounts(ctx, query.limit, decodeCursor(query.cursor, Cursor))
  return { items: found, next_cursor: last ? encodeCursor(last) : null, total }
}

export async function getAccount(ctx: Context, id: string): Promise<Account> {
  permit(ctx, 'accounts.read')
  const found = await selectAccount(ctx, id)
  if (!found) throw new Problem('not_found', `There is no account ${id}.`)
  return found
}

/** The account that owns what nobody else does: the first one. */
export async function defaultAccount(ctx: Context): Promise<Account> {
  permit(ctx, 'accounts.read')
  const found = await selectDefaultAccount(ctx)
  assert(found, 'set-up makes the first account')
  return found
}

async function sellerOf(ctx: Context, { legal_entity_id }: NewAccount): Promise<LegalEntity> {
  if (legal_entity_id !== undefined) return await getLegalEntity(ctx, legal_entity_id)
  const first = (await selectEntities(ctx)).find((one) => one.reseller_account_id === null)
  assert(first, 'set-up makes the first legal entity')
  return first
}

/** An account with one project. It can be billed once `contracts` gave it a contract: call `openAccount` there. */
export async function createAccount(ctx: Context, input: NewAccount): Promise<Account> {
  permit(ctx, 'accounts.open')
  refuse(placeErrors(input))
  const seller = await sellerOf(ctx, input)
  const [id, created_at] = [newId(), ctx.now()]
  const { name, tax_id, tax_status, email, zone = seller.zone, language = seller.language } = input
  const address = input.address ?? { street: '', postal_code: '', city: '', country: seller.address.country }
  const parent_id = input.parent_id ?? ctx.actor.account_id
  if (parent_id !== null) await getAccount(ctx, parent_id)
  await requireBelow(ctx, seller, parent_id)
  const described = { name, address, tax_id, tax_status, email, zone, language, parent_id }
  await insertAccount(
    ctx.tx,
    { id, legal_entity_id: seller.id, ...described, is_default: false, created_at },
    { id: newId(), name: 'default', created_at },
  )
  const after = await getAccount(ctx, id)
  await append(ctx, { type: 'account.opened', subject: { kind: 'account', id }, account_id: id, after })
  return after
}

export async function changeAccount(ctx: Context, id: string, change: AccountChange): Promise<Account> {
  permit(ctx, 'accounts.write')
  const before = await getAccount(ctx, id)
  refuse(placeErrors(change))
  await updateAccount(ctx.tx, id, change)
  const after = await getAccount(ctx, id)
  await append(ctx, { type: 'account.changed', subject: { kind: 'account', id }, account_id: id, before, after })
  return after
}

/** Ends a demo: its database, with all that was invented, is dropped by whoever started it. Refused anywhere else. */
export async function removeDemo(ctx: Context, demo: boolean): Promise<void> {
  permit(ctx, 'installation.write')
  if (!demo) throw new Problem('forbidden', 'This is no demo: its data are real, and nothing removes them at once.')
  await append(ctx, { type: 'demo.removed', subject: { kind: 'installation', id: await installationId(ctx) } })
}

/** Ids of all accounts that the caller reaches. */
export async function reachedAccounts(ctx: Context): Promise<string[]> {
  permit(ctx, 'accounts.read')
  return await selectAccountIds(ctx)
}

export async function getSessionSettings(ctx: Context): Promise<SessionSettings> {
  permit(ctx, 'installation.write')
  return sure(await selectIdle(ctx.tx))
}

/** Holds at once, for sessions that are open, too. */
export async function changeSessionSettings(ctx: Context, change: Partial<SessionSettings>): Promise<SessionSettings> {
  permit(ctx, 'installation.write')
  const before = await getSessionSettings(ctx)
  await updateIdle(ctx.tx, change)
  const after = await getSessionSettings(ctx)
  const subject = { kind: 'installation', id: await installationId(ctx) }
  await append(ctx, { type: 'installation.sessions_changed', subject, before, after })
  return after
}

export interface Where {
  installation_id: string
  account: { id: string; name: string } | null
  /** those of the account to which he is narrowed; null: all of it */
  projects: { id: string; name: string }[] | null
}

/** No secret: whoever is signed in is told which installation this is, and which account he acts for. */
export async function whereAmI(ctx: Context): Promise<Where> {
  const account = ctx.actor.account_id === null ? null : await selectAccount(ctx, ctx.actor.account_id)
  return {
    installation_id: await installationId(ctx),
    account: account && { id: account.id, name: account.name },
    projects: ctx.actor.project_ids && account ? account.projects.map(({ id, name }) => ({ id, name })) : null,
  }
}

/** Which installation this is. */
export async function installationId(ctx: Context): Promise<string> {
  const id = await selectInstallation(ctx.tx)
  if (id === null)
    throw new Problem('unavailable', 'The installation is not set up yet. Run: bun control-plane/cli.ts setup')
  return id
}
