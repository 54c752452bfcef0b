/** A company's logo: kept with the documents by its SHA-256, for as long as a document may name it. */
import { sha256 } from '#connectors/contract.ts'
import { getLegalEntity, setLogo } from '../accounts/index.ts'
import type { LegalEntity, Logo } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { rendersLogo } from './documents.ts'
import { requireInvoice } from './issued.ts'
import { imageOf, whyNoLogo } from './rules.ts'
import { findFile, keepFile } from './store.ts'

/** Of its documents from now on. What was issued keeps the one that it has. */
export async function putLogo(ctx: Context, id: string, content: string): Promise<LegalEntity> {
  permit(ctx, 'legal_entities.write')
  await getLegalEntity(ctx, id)
  const bytes = new Uint8Array(Buffer.from(content, 'base64'))
  const why = whyNoLogo(bytes)
  if (why) throw refusal(why)
  const { media_type } = sure(imageOf(bytes))
  // an image that can't be drawn would hold up every invoice that bears it
  if (!(await rendersLogo({ bytes, media_type }))) throw refusal('can’t be drawn: the file is damaged; export it anew')
  const file = sha256(bytes)
  await keepFile(ctx, { sha256: file, media_type, bytes })
  return await setLogo(ctx, id, { sha256: file, media_type })
}

const refusal = (detail: string) =>
  new Problem('invalid', 'Choose another image and send it again.', [{ pointer: '/content', detail }])

export async function removeLogo(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'legal_entities.write')
  await setLogo(ctx, id, null)
}

/** The present logo of a company that sells. */
export async function logoOfEntity(ctx: Context, id: string): Promise<LogoFile> {
  const { logo } = await getLegalEntity(ctx, id)
  return await fileOf(ctx, logo, `The legal entity ${id} has no logo.`)
}

/** The one that an issued document bears. */
export async function logoOfInvoice(ctx: Context, id: string): Promise<LogoFile> {
  const { content } = await requireInvoice(ctx, id)
  return await fileOf(ctx, content.branding?.logo ?? null, `The invoice ${id} has no logo.`)
}

export interface LogoFile {
  bytes: Uint8Array
  media_type: Logo['media_type']
}
async function fileOf(ctx: Context, logo: Logo | null, missing: string): Promise<LogoFile> {
  if (!logo) throw new Problem('not_found', missing)
  const bytes = await ctx.program((program) => findFile(program, logo.sha256))
  return { bytes: sure(bytes), media_type: logo.media_type }
}
