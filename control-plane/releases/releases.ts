/** Verbs of releases: what was signed is registered, its file stored, and may be withdrawn. */
import { isSigned } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { AgentRelease, Signed } from './contract.ts'
import {
  countOpenOf,
  insertRelease,
  lockRelease,
  releaseFromRow,
  type ReleaseRow,
  selectReleases,
  updateRelease,
} from './store.ts'

export async function listReleases(ctx: Context): Promise<AgentRelease[]> {
  permit(ctx, 'agents.read')
  return (await selectReleases(ctx.tx)).map(releaseFromRow)
}

/** A release that no agent would run is refused here, too: each agent looks by itself all the same. */
export async function registerRelease(ctx: Context, signed: Signed, trusted: readonly string[]): Promise<AgentRelease> {
  permit(ctx, 'agents.write')
  const { release, key } = signed
  if (!trusted.includes(key))
    throw new Problem('invalid', 'Agents that enrol here don’t trust the key that signed this release.', [
      { pointer: '/key', detail: 'is not in the file release-keys of the data folder' },
    ])
  if (!isSigned(signed))
    throw new Problem('invalid', 'The signature is not that of the key over this manifest: sign the file again.', [
      { pointer: '/signature', detail: 'does not fit' },
    ])
  const row = { id: newId(), version: release.version, platform: release.platform, sha256: release.sha256, signed }
  const isNew = await insertRelease(ctx.tx, { ...row, created_at: ctx.now() })
  if (!isNew)
    throw new Problem('conflict', `${release.version} for ${release.platform} is here already. Withdraw it first.`, [
      { pointer: '/release/version', detail: 'is taken for this platform' },
    ])
  await append(ctx, { type: 'release.registered', subject: { kind: 'release', id: row.id }, after: signed })
  return releaseFromRow({ ...row, created_at: ctx.now(), stored_at: null, withdrawn_at: null })
}

async function lockOffered(ctx: Context, id: string): Promise<ReleaseRow> {
  const row = await lockRelease(ctx.tx, id)
  if (!row || row.withdrawn_at !== null) throw new Problem('not_found', `There is no release ${id}.`)
  return row
}

/** What the file of a release must be. */
export async function fileWanted(ctx: Context, id: string): Promise<Signed['release']> {
  permit(ctx, 'agents.write')
  return (await lockOffered(ctx, id)).signed.release
}

/** Its file is here now, and is what was signed. */
export async function fileStored(ctx: Context, id: string): Promise<AgentRelease> {
  permit(ctx, 'agents.write')
  const row = await lockOffered(ctx, id)
  const stored_at = row.stored_at ?? ctx.now()
  await updateRelease(ctx.tx, id, { stored_at })
  if (row.stored_at === null)
    await append(ctx, {
      type: 'release.stored',
      subject: { kind: 'release', id },
      after: { version: row.version, platform: row.platform, sha256: row.sha256 },
    })
  return releaseFromRow({ ...row, stored_at })
}

/** No agent gets it from now on; those that run it stay. Returns the hash of its file. */
export async function withdrawRelease(ctx: Context, id: string): Promise<string> {
  permit(ctx, 'agents.write')
  const row = await lockOffered(ctx, id)
  if ((await countOpenOf(ctx.tx, id)) > 0)
    throw new Problem('conflict', 'A roll-out brings this release just now. Roll it back first.')
  await updateRelease(ctx.tx, id, { withdrawn_at: ctx.now() })
  await append(ctx, {
    type: 'release.withdrawn',
    subject: { kind: 'release', id },
    before: { version: row.version, platform: row.platform, sha256: row.sha256 },
  })
  return row.sha256
}
