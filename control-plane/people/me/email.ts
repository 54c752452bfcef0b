/** Verbs of a new e-mail address: asked with the password, confirmed by a link that goes to it. */
import { z } from 'zod'
import { newSecret } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { Language } from '../../accounts/contract.ts'
import type { Gate } from '../gate.ts'
import { emailHash } from '../privacy/look-up.ts'
import { openPersonal, sealPersonal } from '../privacy/names.ts'
import { selectPersonByHash, updatePerson } from '../store.ts'
import { about, known, me, type Step, withPassword } from './person.ts'

const CHANGE = 'change-email:'
const CHANGE_MS = 3_600_000

/** A link goes to the new address; the old one holds until it is opened. */
export async function askEmailChange(
  ctx: Context,
  gate: Gate,
  { email, password, language }: { email: string; password: string; language: 'en' | 'es' },
  headers: Headers,
): Promise<Step<() => Promise<void>>> {
  const person = await me(ctx)
  const { mail } = gate
  if (!mail) throw new Problem('conflict', 'This installation sends no mail, so a new address can not be confirmed.')
  const token = newSecret('atalaya_email')
  const step = await withPassword(ctx, gate, person, async (auth) => {
    const { headers: made } = await auth.api.verifyPassword({ body: { password }, headers, returnHeaders: true })
    const { internalAdapter } = await auth.$context
    const sealed = await sealPersonal(ctx, person.id, { email })
    const value = JSON.stringify({ person_id: person.id, ...sealed, language })
    const expiresAt = new Date(ctx.now() + CHANGE_MS)
    await internalAdapter.createVerificationValue({ identifier: CHANGE + token, value, expiresAt })
    return { headers: made, response: null }
  })
  if ('refused' in step) return step
  await append(ctx, { type: 'person.email_change_asked', subject: about(person) })
  // the same whether or not somebody has that address
  const taken = (await selectPersonByHash(ctx.tx, await emailHash(ctx, email))) !== null
  const link = `${gate.publicUrl}/confirm-email#email=${token}`
  const send = () => mail.send({ kind: 'new_email', to: email, language, link })
  return { done: taken ? async () => {} : send, cookies: step.cookies }
}

const Asked = z.object({ person_id: z.uuid(), email: z.string(), language: Language })

/** The token is the permission. Returns the letter that tells the old address, to be sent after the commit. */
export async function confirmEmail(ctx: Context, gate: Gate, token: string): Promise<() => Promise<void>> {
  const kept = await gate.within(ctx, async (auth) => {
    const { internalAdapter } = await auth.$context
    return await internalAdapter.consumeVerificationValue(CHANGE + token)
  })
  const asked = kept ? await openPersonal(ctx.tx, Asked.parse(JSON.parse(kept.value))) : null
  const person = asked && (await known(ctx, asked.person_id))
  if (!asked || !person) throw new Problem('not_found', 'This link was used or has expired. Ask for a new one.')
  const email_hash = await emailHash(ctx, asked.email)
  if (await selectPersonByHash(ctx.tx, email_hash))
    throw new Problem('conflict', 'Somebody else has this e-mail address by now.')
  const sealed = await sealPersonal(ctx, person.id, { email: asked.email })
  await updatePerson(ctx.tx, person.id, { ...sealed, email_hash, email_verified: true })
  await append(ctx, { type: 'person.email_changed', subject: about(person) })
  const { mail, publicUrl } = gate
  const { language } = asked
  return async () => mail?.send({ kind: 'email_changed', to: person.email, language, link: publicUrl })
}
