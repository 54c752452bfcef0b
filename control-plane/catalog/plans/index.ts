/** The verbs of plans: drawn up, published for sale, retired. What a bill follows from is fixed once one is published. */
import { defaultAccount, getLegalEntity } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import { type Instant, iso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import { append } from '../../events/index.ts'
import type { NewPlan, Plan, PlanChange } from '../contract.ts'
import { componentsOf, insertBook } from '../store.ts'
import { insertPlan, lockPlan, type PlanRow, plansOf, selectPlans, updatePlan } from './store.ts'

/** A plan as a draft, with an empty price book of its own. */
export async function createPlan(ctx: Context, { legal_entity_id: asked, ...input }: NewPlan): Promise<Plan> {
  permit(ctx, 'catalog.write')
  const entity = await getLegalEntity(ctx, asked ?? (await defaultAccount(ctx)).legal_entity_id)
  const [legal_entity_id, created_at] = [entity.id, ctx.now()]
  const book = { id: newId(), legal_entity_id, name: input.name.en, currency: entity.currency }
  await insertBook(ctx.tx, { ...book, is_default: false, side: 'sale', negotiated_for: null, created_at })
  const row = { ...input, id: newId(), legal_entity_id, price_book_id: book.id, created_at }
  await insertPlan(ctx.tx, row)
  const made = present({ ...row, currency: book.currency, published_at: null, retired_at: null })
  await append(ctx, { type: 'plan.created', subject: { kind: 'plan', id: made.id }, after: made })
  return made
}

export async function listPlans(ctx: Context): Promise<Plan[]> {
  permit(ctx, 'catalog.read')
  return (await selectPlans(ctx.tx)).map(present)
}

export async function getPlan(ctx: Context, id: string): Promise<Plan> {
  permit(ctx, 'catalog.read')
  return present(required((await plansOf(ctx.tx, [id]))[0] ?? null, id))
}

/** Plans by their ids, as rating and services read them. */
export async function plansById(ctx: Context, ids: Iterable<string>): Promise<Map<string, Plan>> {
  permit(ctx, 'catalog.read')
  return plansOfEach(ctx, null, [...new Set(ids)])
}
const plansOfEach = together(async ({ tx }, _all: null, asked: readonly (readonly string[])[]) => {
  const found = (await plansOf(tx, [...new Set(asked.flat())])).map(present)
  return asked.map((ids) => new Map(found.flatMap((plan) => (ids.includes(plan.id) ? [[plan.id, plan]] : []))))
})

/** How it is called may change at any time; what its bills follow from, only before it is published. */
export async function changePlan(ctx: Context, id: string, change: PlanChange): Promise<Plan> {
  permit(ctx, 'catalog.write')
  const row = required(await lockPlan(ctx.tx, id), id)
  const fixed = (['trial_days', 'included_kinds', 'promised'] as const).filter((name) => change[name] !== undefined)
  if (row.published_at !== null && fixed.length > 0)
    throw new Problem(
      'conflict',
      `${row.name.en} was published: bills follow from what it says. Draw up another plan, and retire this one.`,
      fixed.map((name) => ({ pointer: `/${name}`, detail: 'is fixed since the plan was published' })),
    )
  return decided(ctx, row, 'plan.changed', change)
}

/** Puts it on sale. Throws `conflict` where it has no price: nothing is sold for nothing by oversight. */
export async function publishPlan(ctx: Context, id: string): Promise<Plan> {
  permit(ctx, 'catalog.write')
  const row = required(await lockPlan(ctx.tx, id), id)
  if (row.published_at !== null) throw new Problem('conflict', `${row.name.en} was published already.`)
  if ((await componentsOf(ctx, row.price_book_id)).size === 0)
    throw new Problem('conflict', `${row.name.en} has no price yet. Add its fee, or what it charges for use, first.`)
  return decided(ctx, row, 'plan.published', { published_at: ctx.now() })
}

/** Takes it off sale; who has it keeps it. */
export async function retirePlan(ctx: Context, id: string): Promise<Plan> {
  permit(ctx, 'catalog.write')
  const row = required(await lockPlan(ctx.tx, id), id)
  if (row.retired_at !== null || row.published_at === null)
    throw new Problem('conflict', `${row.name.en} is not on sale: only what was published is retired.`)
  return decided(ctx, row, 'plan.retired', { retired_at: ctx.now() })
}

async function decided(ctx: Context, row: PlanRow, type: string, change: Parameters<typeof updatePlan>[2]) {
  const after = present(await updatePlan(ctx.tx, row.id, change))
  await append(ctx, { type, subject: { kind: 'plan', id: row.id }, before: present(row), after })
  return after
}

function required(row: PlanRow | null, id: string): PlanRow {
  if (!row) throw new Problem('not_found', `There is no plan ${id}; GET /plans lists them.`)
  return row
}

const textOf = (at: Instant | null): string | null => (at === null ? null : iso(at))
const present = ({ created_at, published_at, retired_at, ...row }: PlanRow): Plan => ({
  ...row,
  state: retired_at !== null ? 'retired' : published_at !== null ? 'published' : 'draft',
  created_at: iso(created_at),
  published_at: textOf(published_at),
  retired_at: textOf(retired_at),
})
