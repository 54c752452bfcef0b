/** What lies in the projects of accounts: which assignment is of which, and closing one. */
import { endProject, requireOpenProject } from '../../accounts/index.ts'
import type { Project } from '../../accounts/contract.ts'
import { permit } from '../../base/actor.ts'
import { Problem } from '../../base/problem.ts'
import { iso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import type { ProjectClosure } from '../contract.ts'
import { rulesNaming } from '../assignment-rules/index.ts'
import { assign } from '../assign.ts'
import { heldBy, projectOfAssignments } from './store.ts'

/** So many are moved in one transaction. */
const MOVED_MAX = 500
const CHUNK = 10_000

/** The project of the account of each of these assignments; null: none, or it is of a customer who buys through it. */
export async function projectOfEach(
  ctx: Context,
  account_id: string,
  assignment_ids: Iterable<string>,
): Promise<Map<string, string | null>> {
  permit(ctx, 'inventory.read')
  const found = await projectsTogether(ctx, null, new Set(assignment_ids))
  return new Map(found.map((row) => [row.id, row.account_id === account_id ? row.project_id : null]))
}

const projectsTogether = together(async (ctx, _all: null, sets: readonly ReadonlySet<string>[]) => {
  const ids = [...new Set(sets.flatMap((set) => [...set]))]
  const found: Awaited<ReturnType<typeof projectOfAssignments>> = []
  for (let at = 0; at < ids.length; at += CHUNK)
    found.push(...(await projectOfAssignments(ctx, ids.slice(at, at + CHUNK))))
  const known = new Map(found.map((row) => [row.id, row]))
  return sets.map((set) => [...set].flatMap((id) => known.get(id) ?? []))
})

/** Closes an empty project; or moves what is in it first, each by a transfer as of now. */
export async function closeProject(ctx: Context, id: string, { move_to, reason }: ProjectClosure): Promise<Project> {
  permit(ctx, 'accounts.write')
  const row = await requireOpenProject(ctx, id)
  const giving = await ctx.program((program) => rulesNaming(program, id))
  if (giving.length > 0) {
    // how an operator tells his customers apart is his matter
    const named = ctx.actor.account_id === null ? `: ${giving.map(({ name }) => name).join(', ')}` : ''
    throw new Problem(
      'conflict',
      `Rules of ownership give to the project ${row.name}${named}. Let those who run the installation change them first.`,
    )
  }
  const held = await heldBy(ctx, id, MOVED_MAX + 1)
  if (held.length > 0) {
    if (move_to === undefined)
      throw new Problem(
        'conflict',
        `${held.length > MOVED_MAX ? `More than ${MOVED_MAX}` : held.length} resources are in the project ${row.name}. Say where they go, or move them first.`,
        [{ pointer: '/move_to', detail: 'must be there: the project is not empty' }],
      )
    permit(ctx, 'inventory.assign')
    refuseMove(id, move_to, held, ctx.now())
    const [account_id, effective_at] = [row.account_id, iso(ctx.now())]
    for (const { resource_id } of held)
      await assign(ctx, resource_id, { account_id, project_id: move_to, effective_at, reason })
  }
  return await endProject(ctx, row)
}

function refuseMove(id: string, move_to: string | null, held: Awaited<ReturnType<typeof heldBy>>, now: number): void {
  if (move_to === id)
    throw new Problem('invalid', 'A project that is closed takes nothing.', [
      { pointer: '/move_to', detail: 'must be another project, or null' },
    ])
  if (held.length > MOVED_MAX)
    throw new Problem('conflict', `More than ${MOVED_MAX} resources are in it: move some of them first.`)
  const planned = held.filter(({ from, to }) => to !== null || (from !== null && from > now))
  if (planned.length > 0)
    throw new Problem(
      'conflict',
      `${planned.length} resources of this project have a transfer planned. Wait for it, or decide it anew, then close the project.`,
    )
}
