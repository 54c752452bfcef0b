/** HTTP of a person's own settings. */
import type { Context as HonoContext } from 'hono'
import { passCookies } from '../../http/authentication.ts'
import { answers, ById, type HttpEnv, router, valid, verb } from '../../http/index.ts'
import { afterwards, headersOf, type PeopleDeps } from '../answers/routes.ts'
import {
  EmailChange,
  NewPasskey,
  PasskeyOptions,
  PasswordChange,
  PasswordCheck,
  Profile,
  ProfileChange,
  RecoveryCodes,
  Switch,
  TotpCode,
  TotpStart,
} from '../contract.ts'
import type { Context } from '../../db/index.ts'
import {
  addPasskey,
  askEmailChange,
  changePassword,
  confirmTotp,
  getProfile,
  newPasskeyOptions,
  removePasskey,
  rename,
  renewRecoveryCodes,
  revokeSession,
  startTotp,
  type Step,
  stopTotp,
  switchMembership,
} from './index.ts'

const SAME = 'means the same when it is done twice'
const AGAIN = 'shows new ones, and ends those before'

/** What the step gave; its refusal is thrown once what it counted is committed. */
async function stepped<T>(
  c: HonoContext<HttpEnv>,
  deps: PeopleDeps,
  work: (ctx: Context) => Promise<Step<T>>,
): Promise<T> {
  const step = await verb(c, deps, work)
  if ('refused' in step) throw step.refused
  passCookies(c, step.cookies)
  return step.done
}

const own = (deps: PeopleDeps) =>
  router()
    .get('/me', answers('My own settings', Profile, 'session'), async (c) => c.json(await verb(c, deps, getProfile)))
    .patch('/me', answers('Change my name', null, 'session'), valid('json', ProfileChange), async (c) => {
      await verb(c, deps, (ctx) => rename(ctx, c.req.valid('json').name))
      return c.body(null, 204)
    })
    .post(
      '/me/email',
      answers('Change my e-mail', null, 'session', { repeatable: 'each link replaces the one before' }),
      valid('json', EmailChange),
      async (c) => {
        const send = await stepped(c, deps, (ctx) => askEmailChange(ctx, deps.gate, c.req.valid('json'), headersOf(c)))
        afterwards(deps, send)
        return c.body(null, 204)
      },
    )
    .post(
      '/me/membership',
      answers('Act by another membership', null, 'session', { repeatable: SAME }),
      valid('json', Switch),
      async (c) => {
        await verb(c, deps, (ctx) => switchMembership(ctx, c.req.valid('json').membership_id))
        return c.body(null, 204)
      },
    )
    .delete('/me/sessions/:id', answers('End one of my sessions', null, 'session'), valid('param', ById), async (c) => {
      await verb(c, deps, (ctx) => revokeSession(ctx, c.req.valid('param').id))
      return c.body(null, 204)
    })

const factors = (deps: PeopleDeps) =>
  router()
    .post(
      '/me/password',
      answers('Change my password', null, 'session', { repeatable: SAME }),
      valid('json', PasswordChange),
      async (c) => {
        await stepped(c, deps, (ctx) => changePassword(ctx, deps.gate, c.req.valid('json'), headersOf(c)))
        return c.body(null, 204)
      },
    )
    .post(
      '/me/totp',
      answers('Begin a second factor', TotpStart, 'session', { repeatable: AGAIN }),
      valid('json', PasswordCheck),
      async (c) =>
        c.json(await stepped(c, deps, (ctx) => startTotp(ctx, deps.gate, c.req.valid('json').password, headersOf(c)))),
    )
    .post(
      '/me/totp/confirmation',
      answers('Turn the second factor on', null, 'session', { repeatable: SAME }),
      valid('json', TotpCode),
      async (c) => {
        const { code } = c.req.valid('json')
        passCookies(c, await verb(c, deps, (ctx) => confirmTotp(ctx, deps.gate, code, headersOf(c))))
        return c.body(null, 204)
      },
    )
    .post(
      '/me/totp/removal',
      answers('Turn the second factor off', null, 'session', { repeatable: SAME }),
      valid('json', PasswordCheck),
      async (c) => {
        await stepped(c, deps, (ctx) => stopTotp(ctx, deps.gate, c.req.valid('json').password, headersOf(c)))
        return c.body(null, 204)
      },
    )
    .post(
      '/me/recovery-codes',
      answers('New recovery codes', RecoveryCodes, 'session', { repeatable: AGAIN }),
      valid('json', PasswordCheck),
      async (c) =>
        c.json(
          await stepped(c, deps, (ctx) =>
            renewRecoveryCodes(ctx, deps.gate, c.req.valid('json').password, headersOf(c)),
          ),
        ),
    )
    .post(
      '/me/passkey-options',
      answers('Begin a new passkey', PasskeyOptions, 'session', {
        repeatable: 'gives a challenge that ends by itself',
      }),
      valid('json', PasswordCheck),
      async (c) =>
        c.json({
          ...(await stepped(c, deps, (ctx) =>
            newPasskeyOptions(ctx, deps.gate, c.req.valid('json').password, headersOf(c)),
          )),
        }),
    )
    .post(
      '/me/passkeys',
      answers('Add a passkey', null, 'session', { repeatable: 'its challenge works once' }),
      valid('json', NewPasskey),
      async (c) => {
        passCookies(c, await verb(c, deps, (ctx) => addPasskey(ctx, deps.gate, c.req.valid('json'), headersOf(c))))
        return c.body(null, 204)
      },
    )
    .delete('/me/passkeys/:id', answers('Remove a passkey', null, 'session'), valid('param', ById), async (c) => {
      await verb(c, deps, (ctx) => removePasskey(ctx, deps.gate, c.req.valid('param').id, headersOf(c)))
      return c.body(null, 204)
    })

export const routes = (deps: PeopleDeps) => router().route('/', own(deps)).route('/', factors(deps))
