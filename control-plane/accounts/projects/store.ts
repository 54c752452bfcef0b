/** SQL of projects. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { withinProjects, withinReach } from '../../db/fence.ts'
import type { Context } from '../../db/index.ts'
import { project } from '../schema.ts'

export type ProjectRow = typeof project.$inferSelect

/** Held until the transaction ends: nothing is put into it, and nobody else changes it. */
export async function lockProject(ctx: Context, id: string): Promise<ProjectRow | null> {
  const [row] = await ctx.tx.select().from(project).where(reached(ctx, id)).for('no key update')
  return row ?? null
}
export async function selectProject(ctx: Context, id: string): Promise<ProjectRow | null> {
  const [row] = await ctx.tx.select().from(project).where(reached(ctx, id))
  return row ?? null
}
const reached = (ctx: Context, id: string) =>
  and(eq(project.id, id), withinReach(ctx, project.account_id), withinProjects(ctx, project.id))

const NAMES_LOCK = 7_241_014
/** Whether another open project of the account has this name; whoever names one waits for the other. */
export async function isTaken({ tx }: Context, account_id: string, name: string, id: string): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock(${NAMES_LOCK})`)
  const found = await tx
    .select({ id: project.id })
    .from(project)
    .where(
      and(eq(project.account_id, account_id), isNull(project.closed_at), sql`lower(${project.name}) = lower(${name})`),
    )
  return found.some((one) => one.id !== id)
}

export const insertProject = async ({ tx }: Context, row: ProjectRow): Promise<void> => {
  await tx.insert(project).values(row)
}
export const updateProject = async (
  { tx }: Context,
  id: string,
  change: Partial<Pick<ProjectRow, 'name' | 'closed_at'>>,
): Promise<void> => {
  await tx.update(project).set(change).where(eq(project.id, id))
}
