/** Plays worlds in a tree until one finds something wrong with it. */
import { playAll } from '../world/players.ts'
import type { Server, Verdict } from '../world/trial.ts'

/** The first verdict that finds something; else the last one. */
export async function firstFinding(
  worlds: { server: Server; seeds: readonly number[]; days: number },
  tree: string,
): Promise<Verdict | null> {
  let last: Verdict | null = null
  await playAll({ ...worlds, jobs: 1 }, tree, (verdict) => {
    last = verdict
    return verdict.wrong.length > 0 ? 'stop' : 'on'
  })
  return last
}
