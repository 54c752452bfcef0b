/** Forgotten passwords: a link that works once, by mail or from the command line of the server. */
import { isAPIError } from 'better-auth/api'
import { Problem } from '../base/problem.ts'
import { permit } from '../base/actor.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { type Gate, type Reset, RESET_SECONDS } from './gate.ts'
import { forgive } from './lock-out.ts'
import type { Mailer } from './mail.ts'
import { refuseWeak } from './passwords.ts'
import { known } from './me/person.ts'
import { deletePasskeys, updatePerson } from './store.ts'

const linkOf = (gate: Gate, { token }: Reset): string => `${gate.publicUrl}/reset-password#reset=${token}`

/** Beside the token of a link that goes by mail: whoever answers it reads that address. */
const BY_MAIL = 'reset-by-mail:'

async function makeReset(ctx: Context, gate: Gate, email: string): Promise<Reset | null> {
  let made: Reset | null = null
  await gate.within(
    ctx,
    (auth) => auth.api.requestPasswordReset({ body: { email } }),
    (reset) => (made = reset),
  )
  const reset = made as Reset | null
  if (reset) await append(ctx, { type: 'password.reset_asked', subject: { kind: 'person', id: reset.person_id } })
  return reset
}

/** Whether a reset can be asked for here: told before anything is looked up, and so to everybody alike. */
export function requireMail({ mail }: Gate): Mailer {
  if (mail) return mail
  throw new Problem(
    'conflict',
    'This installation sends no mail. Ask who runs the server for a link: npm run atalaya reset-password E-MAIL',
  )
}

/** Asked by anybody, for any address. Returns the sending, to be begun after the commit. */
export async function askReset(
  ctx: Context,
  gate: Gate,
  { email, language }: { email: string; language: 'en' | 'es' },
): Promise<() => Promise<void>> {
  const mail = requireMail(gate)
  const reset = await makeReset(ctx, gate, email)
  if (!reset) return async () => {}
  await noteMailed(ctx, gate, reset)
  return () => mail.send({ kind: 'reset', to: email, language, link: linkOf(gate, reset) })
}

const noteMailed = (ctx: Context, gate: Gate, { token, person_id }: Reset) =>
  gate.within(ctx, async (auth) => {
    const { internalAdapter } = await auth.$context
    const expiresAt = new Date(ctx.now() + RESET_SECONDS * 1_000)
    await internalAdapter.createVerificationValue({ identifier: BY_MAIL + token, value: person_id, expiresAt })
  })

/** For who runs the server. */
export async function resetLink(ctx: Context, gate: Gate, email: string): Promise<string> {
  permit(ctx, 'people.write')
  const reset = await makeReset(ctx, gate, email)
  if (!reset) throw new Problem('not_found', `There is no person with the e-mail ${email}.`)
  return linkOf(gate, reset)
}

/** All sessions of the person end. The token is the permission. */
export async function completeReset(
  ctx: Context,
  gate: Gate,
  { token, password }: { token: string; password: string },
): Promise<void> {
  const person_id = await gate.within(ctx, async (auth) => {
    const { internalAdapter } = await auth.$context
    return (await internalAdapter.findVerificationValue(`reset-password:${token}`))?.value
  })
  const person = person_id === undefined ? null : await known(ctx, person_id)
  refuseWeak(password, person ? [person.name, person.email] : [])
  await gate.within(ctx, (auth) => auth.api.resetPassword({ body: { newPassword: password, token } })).catch(refuse)
  if (!person) return refuse(null)
  if (!person.email_verified && (await cameByMail(ctx, gate, token))) await believe(ctx, person.id)
  await forgive(ctx, person.email)
  await append(ctx, { type: 'password.reset', subject: { kind: 'person', id: person.id } })
}

const cameByMail = (ctx: Context, gate: Gate, token: string): Promise<boolean> =>
  gate.within(ctx, async (auth) => {
    const { internalAdapter } = await auth.$context
    return (await internalAdapter.consumeVerificationValue(BY_MAIL + token)) !== null
  })

/** The address is the person's from now on; what somebody else may have set up under it before, goes. */
async function believe(ctx: Context, id: string): Promise<void> {
  await deletePasskeys(ctx.tx, id)
  await updatePerson(ctx.tx, id, { email_verified: true })
}

function refuse(error: unknown): never {
  if (error !== null && !isAPIError(error)) throw error
  throw new Problem('not_found', 'This link was used or has expired. Ask for a new one.')
}
