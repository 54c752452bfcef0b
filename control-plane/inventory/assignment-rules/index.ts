/** Verbs of the rules by which resources come to accounts where no person decided: list, preview, change, and what follows. */
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import { fromIso, type Instant, iso } from '../../base/time.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { decodeCursor, encodeCursor } from '../../http/index.ts'
import type { Page } from '../../http/contract.ts'
import { z } from 'zod'
import type { AssignmentRule, NewRuleChange, RuleChange, RuleContent, RuleList, RulePreview } from '../contract.ts'
import { after, type Edit, ended, ordered, restated, revised, type Stored, together, undone } from './edits.ts'
import { previewOf } from './preview.ts'
import * as store from './store.ts'

export { derive, settleOwners } from './derive.ts'
export { markParts, namesOfRules, rulesNaming } from './store.ts'

/** So many rules may hold at once: each is asked of each resource. */
const RULES_MAX = 500

/** Rules are of those who run the installation: whoever reaches one account only neither reads nor writes them. */
function staffOnly(ctx: Context, permission: 'inventory.read' | 'inventory.assign'): void {
  permit(ctx, permission)
  if (ctx.actor.account_id !== null)
    throw new Problem('forbidden', 'Rules of ownership are a matter of those who run the installation.')
}

const isOver = (now: Instant, { to }: { to: Instant | null }): boolean => to !== null && to <= now
const textOf = (at: Instant | null): string | null => (at === null ? null : iso(at))

export async function listRules(ctx: Context): Promise<z.infer<typeof RuleList>> {
  staffOnly(ctx, 'inventory.read')
  const live = (await store.liveRules(ctx)).filter((row) => !isOver(ctx.now(), row))
  const counts = await store.countByRule(ctx)
  const [last] = await store.changes(ctx, 1)
  const items = [...Map.groupBy(live, ({ rule_id }) => rule_id).values()]
    .map((own) => own.toSorted((a, b) => (a.from ?? 0) - (b.from ?? 0))[0] as Stored)
    .toSorted((a, b) => a.position - b.position || (a.rule_id < b.rule_id ? -1 : 1))
    .map(({ rule_id, from, to, position, name, condition, effect }): AssignmentRule => ({
      id: rule_id,
      name,
      condition,
      effect,
      position,
      from: textOf(from),
      to: textOf(to),
      resources: counts.get(rule_id) ?? 0,
    }))
  return { items, last_change: last?.id ?? null, pending: await store.countDue(ctx) }
}

const Cursor = z.object({ id: z.uuid() })
const presentChange = ({ effective_at, recorded_at, reversed_by, ...row }: store.ChangeRow): RuleChange => ({
  ...row,
  effective_at: textOf(effective_at),
  recorded_at: iso(recorded_at),
  reversed: reversed_by !== null,
})

/** Newest first. */
export async function listRuleChanges(
  ctx: Context,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Page<RuleChange>> {
  staffOnly(ctx, 'inventory.read')
  const found = await store.changes(ctx, limit + 1, decodeCursor(cursor, Cursor)?.id ?? null)
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  return { items: items.map(presentChange), next_cursor: last ? encodeCursor({ id: last.id }) : null, total: null }
}

interface Prepared {
  edit: Edit
  live: Stored[]
  name: string
  effective_at: Instant | null
}

/** What a change would do to owners, without doing it. */
export async function previewRuleChange(ctx: Context, input: NewRuleChange): Promise<RulePreview> {
  staffOnly(ctx, 'inventory.assign')
  const { edit, live, effective_at } = await prepare(ctx, input, ctx.now())
  return await previewOf(ctx, after(live, edit), conditionsOf(edit), effective_at)
}

/** Changes the rules. Owners follow in the background; what was before the change holds is as it was, unless it corrects the past. */
export async function changeRules(ctx: Context, input: NewRuleChange): Promise<RuleChange> {
  staffOnly(ctx, 'inventory.assign')
  await openCut(ctx.tx)
  await store.lockRules(ctx)
  const [last] = await store.changes(ctx, 1)
  if (input.based_on !== undefined && input.based_on !== (last?.id ?? null))
    throw new Problem('conflict', 'The rules were changed meanwhile: look at them again, then decide.')
  // read once: what holds from now on corrects nothing, however long this takes
  const now = ctx.now()
  const { edit, name, effective_at } = await prepare(ctx, input, now)
  requireReason(input, effective_at, now)
  const { kind, reason } = input
  const row = { id: newId(), kind, name, effective_at, reason, actor: ctx.actor.name, recorded_at: now }
  await store.insertChange(ctx, { ...row, reversed_by: null }, edit)
  if (input.kind === 'reverse') await store.markReversed(ctx, input.change_id, row.id)
  const conditions = conditionsOf(edit)
  if (conditions.length > 0) await store.markConcerned(ctx, conditions, effective_at)
  await append(ctx, {
    type: 'assignment_rules.changed',
    subject: { kind: 'assignment_rule_change', id: row.id },
    before: edit.superseded,
    after: edit.fresh,
  })
  return presentChange({ ...row, reversed_by: null })
}

const conditionsOf = ({ superseded, fresh }: Edit) => [...superseded, ...fresh].map(({ condition }) => condition)

function requireReason({ reason }: NewRuleChange, effective_at: Instant | null, now: Instant): void {
  if ((effective_at === null || effective_at < now) && reason === '')
    throw new Problem('invalid', 'This changes whose things were in the past: a correction needs a reason.', [
      { pointer: '/reason', detail: 'must say why the past is corrected' },
    ])
}

async function prepare(ctx: Context, input: NewRuleChange, now: Instant): Promise<Prepared> {
  const live = await store.liveRules(ctx)
  if (input.kind === 'reverse') return await prepareReversal(ctx, input, live, now)
  const effective_at =
    input.effective_at === undefined ? now : input.effective_at === null ? null : fromIso(input.effective_at)
  const base = { live, effective_at }
  if (input.kind === 'order') {
    for (const [index, id] of input.rule_ids.entries()) required(live, id, now, `/rule_ids/${index}`)
    return { ...base, name: '', edit: ordered(live, input.rule_ids, effective_at) }
  }
  if (input.kind === 'remove') {
    const { own, current } = required(live, input.rule_id, now, '/rule_id')
    return { ...base, name: current.name, edit: revised(own, effective_at, () => null) }
  }
  const { name, condition, effect } = input
  await check(ctx, { name, condition, effect })
  if (input.kind === 'change') {
    const { own, current } = required(live, input.rule_id, now, '/rule_id')
    const said = { name, condition, effect, position: current.position }
    return { ...base, name, edit: restated(own, input.rule_id, effective_at, said) }
  }
  return { ...base, name, edit: created(live, input, effective_at, now) }
}

function created(
  live: readonly Stored[],
  { name, condition, effect, place }: Extract<NewRuleChange, { kind: 'create' }>,
  from: Instant | null,
  now: Instant,
): Edit {
  const held = live.filter((row) => !isOver(now, row)).toSorted((a, b) => a.position - b.position)
  const ids = [...new Set(held.map(({ rule_id }) => rule_id))]
  if (ids.length >= RULES_MAX)
    throw new Problem('conflict', `There are ${RULES_MAX} rules already: remove one, or let one give by values.`)
  const index = Math.min((place ?? ids.length + 1) - 1, ids.length)
  const rule_id = newId()
  // the others make room for it: their order among each other stays
  const shifted = ids.slice(index)
  const moves = shifted.map((id) =>
    revised(
      live.filter((row) => row.rule_id === id),
      from,
      (row) => ({ ...row, position: row.position + 1 }),
    ),
  )
  const before = held.findLast(({ rule_id: id }) => id === ids[index - 1])
  const next = held.find(({ rule_id: id }) => id === ids[index])
  const position = next?.position ?? (before?.position ?? 0) + 1
  return together([...moves, restated([], rule_id, from, { name, condition, effect, position })])
}

/** The versions of a rule, and the one that holds or will. */
function required(live: readonly Stored[], id: string, now: Instant, pointer: string) {
  const own = live.filter((row) => row.rule_id === id)
  const current = own.find((row) => !isOver(now, row))
  if (!current)
    throw new Problem('not_found', `There is no rule ${id}, or it holds no more.`, [
      { pointer, detail: 'must be a rule that holds' },
    ])
  return { own, current }
}

async function prepareReversal(
  ctx: Context,
  { change_id, as_of }: Extract<NewRuleChange, { kind: 'reverse' }>,
  live: Stored[],
  now: Instant,
): Promise<Prepared> {
  const change = await store.findChange(ctx, change_id)
  if (!change) throw new Problem('not_found', `There is no change ${change_id}.`)
  if (change.reversed_by !== null) throw new Problem('conflict', 'This change was undone already.')
  const { made, replaced } = await store.versionsOf(ctx, change_id)
  if (made.some(({ superseded_by }) => superseded_by !== null))
    throw new Problem('conflict', 'A later change is about the same rules: undo that one first.')
  const effective_at = as_of === 'then' ? change.effective_at : now
  const edit = as_of === 'then' ? undone(made, replaced) : ended(made, replaced, live, now)
  return { live, effective_at, name: change.name, edit }
}

/** What a rule names must be there, and a value must come from somewhere. */
async function check(ctx: Context, { condition, effect }: RuleContent): Promise<void> {
  const invalid = (pointer: string, detail: string) =>
    new Problem('invalid', 'Correct the rule and send it again.', [{ pointer, detail }])
  if ((effect.to === 'values' || effect.to === 'account_id') && !condition.attribute)
    throw invalid('/condition/attribute', 'must say which value decides')
  const named = effect.to === 'account' ? [effect] : effect.to === 'values' ? Object.values(effect.values) : []
  if (effect.to === 'values' && named.length === 0) throw invalid('/effect/values', 'must name at least one value')
  const accounts = await store.knownAccounts(
    ctx,
    named.map(({ account_id }) => account_id),
  )
  if (named.some(({ account_id }) => !accounts.has(account_id)))
    throw invalid('/effect', 'names an account that is not there')
  const wanted = named.flatMap(({ project_id }) => project_id ?? [])
  const projects = new Map((await store.openProjects(ctx, wanted)).map((row) => [row.id, row.account_id]))
  if (named.some(({ account_id, project_id }) => project_id !== null && projects.get(project_id) !== account_id))
    throw invalid('/effect', 'names a project that is not an open one of its account')
}
