/** Verbs of projects: the parts of an account. What lies in them, and closing one, is the inventory's. */
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { NewProject, Project } from '../contract.ts'
import { projectFromRow as fromRow, selectAccount } from '../store.ts'
import { insertProject, isTaken, lockProject, type ProjectRow, selectProject, updateProject } from './store.ts'

const missing = (id: string) => new Problem('not_found', `There is no project ${id}.`)

/** One of an account; the problem `not_found` where there is none for this caller. */
export async function requireProject(ctx: Context, account_id: string, id: string): Promise<Project> {
  permit(ctx, 'accounts.read')
  const row = await selectProject(ctx, id)
  if (row?.account_id !== account_id) throw missing(id)
  return fromRow(row)
}

/** One that is open, held until the transaction ends. */
export async function requireOpenProject(ctx: Context, id: string): Promise<ProjectRow> {
  permit(ctx, 'accounts.write')
  const row = await lockProject(ctx, id)
  if (!row) throw missing(id)
  if (row.closed_at !== null) throw new Problem('conflict', `The project ${row.name} is closed. Open another one.`)
  return row
}

async function refuseTaken(ctx: Context, account_id: string, name: string, id: string): Promise<void> {
  if (await isTaken(ctx, account_id, name, id))
    throw new Problem('conflict', 'Another project of this account has this name. Choose a different one.', [
      { pointer: '/name', detail: 'is taken' },
    ])
}

export async function openProject(ctx: Context, account_id: string, { name }: NewProject): Promise<Project> {
  permit(ctx, 'accounts.write')
  if (!(await selectAccount(ctx, account_id))) throw new Problem('not_found', `There is no account ${account_id}.`)
  const row: ProjectRow = { id: newId(), account_id, name, created_at: ctx.now(), closed_at: null }
  await refuseTaken(ctx, account_id, name, row.id)
  await insertProject(ctx, row)
  const after = fromRow(row)
  await append(ctx, { type: 'project.opened', subject: { kind: 'project', id: row.id }, account_id, after })
  return after
}

export async function renameProject(ctx: Context, id: string, { name }: NewProject): Promise<Project> {
  permit(ctx, 'accounts.write')
  const row = await requireOpenProject(ctx, id)
  const { account_id } = row
  await refuseTaken(ctx, account_id, name, id)
  await updateProject(ctx, id, { name })
  const [before, after] = [fromRow(row), fromRow({ ...row, name })]
  await append(ctx, { type: 'project.renamed', subject: { kind: 'project', id }, account_id, before, after })
  return after
}

/** Nothing lies in it: the inventory sees to that, and calls this. */
export async function endProject(ctx: Context, row: ProjectRow): Promise<Project> {
  permit(ctx, 'accounts.write')
  const { id, account_id } = row
  const closed_at = ctx.now()
  await updateProject(ctx, id, { closed_at })
  const [before, after] = [fromRow(row), fromRow({ ...row, closed_at })]
  await append(ctx, { type: 'project.closed', subject: { kind: 'project', id }, account_id, before, after })
  return after
}
