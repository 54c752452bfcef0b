/** The first entities of an installation: who sells, the first customer, his project. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { assert } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { firstZone } from './rules.ts'
import {
  insertAccount,
  insertEntity,
  insertInstallation,
  lockSetUp,
  selectDefaultAccount,
  selectEntities,
  selectInstallation,
} from './store.ts'

export interface SetUp {
  installation_id: string
  legal_entity_id: string
  /** the first account, which owns what nobody else does */
  account_id: string
  project_id: string
}

const COMPANY = {
  name: 'My company',
  address: { street: '', postal_code: '', city: '', country: 'ES' },
  tax_id: '',
  email: '',
  currency: 'EUR',
  language: 'en',
  tax_category: 'S',
  tax_rate: '21.00',
  invoice_prefix: 'A-',
  payment_terms_days: 30,
  note_threshold: 0,
  re_rating_months: 24,
  send_automatically: false,
} as const

/** Makes one of each where there is none; a second run changes nothing. */
export async function setUp(
  ctx: Context,
  machineZone = Intl.DateTimeFormat().resolvedOptions().timeZone,
): Promise<SetUp> {
  permit(ctx, 'accounts.write')
  await lockSetUp(ctx.tx)
  const existing = await selectInstallation(ctx.tx)
  if (existing === null) await create(ctx, firstZone(machineZone))
  return await present(ctx)
}

async function create(ctx: Context, zone: string): Promise<void> {
  const created_at = ctx.now()
  const [installation_id, legal_entity_id, account_id] = [newId(), newId(), newId()]
  const { address, tax_id, email, language } = COMPANY
  await insertInstallation(ctx.tx, { id: installation_id, created_at })
  await insertEntity(ctx.tx, { id: legal_entity_id, ...COMPANY, zone, created_at })
  await insertAccount(
    ctx.tx,
    {
      id: account_id,
      legal_entity_id,
      name: 'First customer',
      address,
      tax_id,
      email,
      zone,
      language,
      is_default: true,
      created_at,
    },
    { id: newId(), name: 'default', created_at },
  )
  await append(ctx, {
    type: 'installation.created',
    subject: { kind: 'installation', id: installation_id },
    account_id,
  })
}

async function present(ctx: Context): Promise<SetUp> {
  const installation_id = await selectInstallation(ctx.tx)
  const [entity] = await selectEntities(ctx)
  const account = await selectDefaultAccount(ctx)
  const project = account?.projects[0]
  assert(installation_id && entity && account && project, 'set-up makes one of each in one transaction')
  return { installation_id, legal_entity_id: entity.id, account_id: account.id, project_id: project.id }
}
