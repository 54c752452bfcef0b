/** Verbs of what a person signs in by: password, second factor, passkeys. */
import { isAPIError } from 'better-auth/api'
import { Problem, sure } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { Gate } from '../gate.ts'
import { refuseWeak } from '../passwords.ts'
import { endOtherSessions, selectPasskeys } from '../store.ts'
import { about, me, type Step, withPassword, WRONG } from './person.ts'

/** Everybody else who is signed in as this person has to sign in anew. */
export async function changePassword(
  ctx: Context,
  gate: Gate,
  input: { current_password: string; password: string },
  headers: Headers,
): Promise<Step<unknown>> {
  const person = await me(ctx)
  refuseWeak(input.password, [person.name, person.email])
  const body = { currentPassword: input.current_password, newPassword: input.password }
  const step = await withPassword(ctx, gate, person, (auth) =>
    auth.api.changePassword({ body, headers, returnHeaders: true }),
  )
  if ('refused' in step) {
    if (step.refused !== WRONG) return step
    return { refused: new Problem('invalid', WRONG.message, [{ pointer: '/current_password', detail: 'is wrong' }]) }
  }
  const ended = await endOtherSessions(ctx.tx, person.id, person.session_id)
  await append(ctx, { type: 'password.changed', subject: about(person), after: { sessions_ended: ended.length } })
  return step
}

export async function startTotp(ctx: Context, gate: Gate, password: string, headers: Headers) {
  const person = await me(ctx)
  const call = { body: { password, method: 'totp' as const }, headers, returnHeaders: true as const }
  const step = await withPassword(ctx, gate, person, (auth) => auth.api.enableTwoFactor(call))
  if ('refused' in step) return step
  const { done, cookies } = step
  if (done.method !== 'totp') throw new Error('better-auth was asked for TOTP')
  return { done: { uri: done.totpURI, recovery_codes: done.backupCodes }, cookies }
}

/** From now on signing in by password asks for a code. The session is a new one. */
export async function confirmTotp(ctx: Context, gate: Gate, code: string, headers: Headers): Promise<Headers> {
  const person = await me(ctx)
  const { cookies } = await gate.within(ctx, async (auth) => {
    try {
      const { headers: made } = await auth.api.verifyTOTP({ body: { code }, headers, returnHeaders: true })
      return { cookies: made }
    } catch (error) {
      if (!isAPIError(error)) throw error
      throw new Problem('invalid', 'This code is not the right one. Is the clock of your device right?', [
        { pointer: '/code', detail: 'is wrong' },
      ])
    }
  })
  await append(ctx, { type: 'totp.enabled', subject: about(person) })
  return cookies
}

export async function stopTotp(ctx: Context, gate: Gate, password: string, headers: Headers): Promise<Step<unknown>> {
  const person = await me(ctx)
  const call = { body: { password }, headers, returnHeaders: true as const }
  const step = await withPassword(ctx, gate, person, (auth) => auth.api.disableTwoFactor(call))
  if (!('refused' in step)) await append(ctx, { type: 'totp.disabled', subject: about(person) })
  return step
}

/** New ones; the old ones work no more. */
export async function renewRecoveryCodes(ctx: Context, gate: Gate, password: string, headers: Headers) {
  const person = await me(ctx)
  if (!person.totp_enabled) throw new Problem('conflict', 'There is no second factor yet. Turn it on first.')
  const call = { body: { password }, headers, returnHeaders: true as const }
  const step = await withPassword(ctx, gate, person, (auth) => auth.api.generateBackupCodes(call))
  if ('refused' in step) return step
  await append(ctx, { type: 'recovery_codes.renewed', subject: about(person) })
  return { done: { recovery_codes: step.done.backupCodes }, cookies: step.cookies }
}

/** Whoever finds an open session makes no key for later: the password is asked. */
export async function newPasskeyOptions(ctx: Context, gate: Gate, password: string, headers: Headers) {
  const person = await me(ctx)
  return await withPassword(ctx, gate, person, async (auth) => {
    await auth.api.verifyPassword({ body: { password }, headers })
    return await auth.api.generatePasskeyRegistrationOptions({ headers, returnHeaders: true })
  })
}

export async function addPasskey(
  ctx: Context,
  gate: Gate,
  { name, response }: { name: string; response: Record<string, unknown> },
  headers: Headers,
): Promise<Headers> {
  const person = await me(ctx)
  const made = await gate.within(ctx, async (auth) => {
    try {
      return await auth.api.verifyPasskeyRegistration({ body: { name, response }, headers, returnHeaders: true })
    } catch (error) {
      if (!isAPIError(error)) throw error
      throw new Problem(
        'invalid',
        'The passkey could not be checked. Begin again, at the address of this installation.',
      )
    }
  })
  const id = sure(made.response).id
  await append(ctx, { type: 'passkey.added', subject: about(person), after: { passkey_id: id } })
  return made.headers
}

export async function removePasskey(ctx: Context, gate: Gate, id: string, headers: Headers): Promise<void> {
  const person = await me(ctx)
  if (!(await selectPasskeys(ctx.tx, person.id)).some((one) => one.id === id))
    throw new Problem('not_found', `You have no passkey ${id}.`)
  await gate.within(ctx, (auth) => auth.api.deletePasskey({ body: { id }, headers }))
  await append(ctx, { type: 'passkey.removed', subject: about(person), before: { passkey_id: id } })
}
