/** HTTP of signing in: password, code, passkey, provider, forgotten password, and the first owner. */
import { passCookies } from '../../http/authentication.ts'
import { answers, router, valid, verb } from '../../http/index.ts'
import { afterwards, answerOutcome, headersOf, type PeopleDeps } from '../answers/routes.ts'
import {
  ByToken,
  NewOwner,
  PasskeyAnswer,
  PasskeyOptions,
  PasswordSignIn,
  Redirect,
  Reset,
  ResetRequest,
  SignedIn,
  SignInOptions,
  SsoStart,
  TotpSignIn,
} from '../contract.ts'
import { askReset, completeReset, requireMail } from '../index.ts'
import { confirmEmail } from '../me/index.ts'
import {
  beginSso,
  createOwner,
  finishSso,
  passkeyOptions,
  signInByCode,
  signInByPasskey,
  signInByPassword,
  signInOptions,
} from './index.ts'

const SESSION = 'opens one more session, which ends by itself'
const WORKS_ONCE = 'its link works once'

const signIn = (deps: PeopleDeps) =>
  router()
    .get('/sign-in/options', answers('What the sign-in page offers', SignInOptions, 'nothing'), async (c) =>
      c.json(await verb(c, deps, (ctx) => signInOptions(ctx, deps.gate))),
    )
    .post(
      '/sign-in/password',
      answers('Sign in by e-mail and password', SignedIn, 'nothing', { repeatable: SESSION }),
      valid('json', PasswordSignIn),
      (c) => answerOutcome(c, deps, (ctx) => signInByPassword(ctx, deps.gate, c.req.valid('json'), headersOf(c))),
    )
    .post(
      '/sign-in/totp',
      answers('The second step of a sign-in', SignedIn, 'nothing', { repeatable: SESSION }),
      valid('json', TotpSignIn),
      (c) => answerOutcome(c, deps, (ctx) => signInByCode(ctx, deps.gate, c.req.valid('json').code, headersOf(c))),
    )
    .post(
      '/sign-in/passkey-options',
      answers('Begin to sign in by passkey', PasskeyOptions, 'nothing', {
        repeatable: 'gives a challenge that ends by itself',
      }),
      async (c) => {
        const { cookies, options } = await verb(c, deps, (ctx) => passkeyOptions(ctx, deps.gate, headersOf(c)))
        passCookies(c, cookies)
        return c.json(options)
      },
    )
    .post(
      '/sign-in/passkey',
      answers('Sign in by passkey', SignedIn, 'nothing', { repeatable: SESSION }),
      valid('json', PasskeyAnswer),
      (c) =>
        answerOutcome(c, deps, (ctx) => signInByPasskey(ctx, deps.gate, c.req.valid('json').response, headersOf(c))),
    )
    .post(
      '/sign-in/sso',
      answers('Begin to sign in by a provider', Redirect, 'nothing', {
        repeatable: 'gives a challenge that ends by itself',
      }),
      valid('json', SsoStart),
      async (c) => {
        const { headers, response } = await verb(c, deps, (ctx) =>
          beginSso(ctx, deps.gate, c.req.valid('json'), headersOf(c)),
        )
        passCookies(c, headers)
        return c.json({ url: response.url })
      },
    )
    // not described: only a provider sends browsers here
    .get('/sso/callback/:provider', async (c) => {
      const { provider } = c.req.param()
      const answer = await verb(c, deps, (ctx) => finishSso(ctx, deps.gate, provider, c.req.query(), headersOf(c)))
      passCookies(c, answer.headers)
      return c.redirect(answer.headers.get('location') ?? '/sign-in?error=sso')
    })

const first = (deps: PeopleDeps) =>
  router().post(
    '/owner',
    answers('Become the first owner', SignedIn, 'installation.write', { repeatable: 'there is one first owner' }),
    valid('json', NewOwner),
    (c) => answerOutcome(c, deps, (ctx) => createOwner(ctx, deps.gate, c.req.valid('json'), headersOf(c))),
  )

const forgotten = (deps: PeopleDeps) =>
  router()
    .post(
      '/password-resets',
      answers('Ask for a new password by mail', null, 'nothing', { repeatable: 'each link replaces the one before' }),
      valid('json', ResetRequest),
      async (c) => {
        requireMail(deps.gate)
        const asked = c.req.valid('json')
        // looked up after the answer, which takes equally long for every address
        afterwards(deps, async () => (await verb(c, deps, (ctx) => askReset(ctx, deps.gate, asked)))())
        return c.body(null, 204)
      },
    )
    .post(
      '/password-resets/completion',
      answers('Set a new password', null, 'nothing', { repeatable: WORKS_ONCE }),
      valid('json', Reset),
      async (c) => {
        await verb(c, deps, (ctx) => completeReset(ctx, deps.gate, c.req.valid('json')))
        return c.body(null, 204)
      },
    )
    .post(
      '/email-confirmations',
      answers('Confirm a new e-mail address', null, 'nothing', { repeatable: WORKS_ONCE }),
      valid('json', ByToken),
      async (c) => {
        afterwards(deps, await verb(c, deps, (ctx) => confirmEmail(ctx, deps.gate, c.req.valid('json').token)))
        return c.body(null, 204)
      },
    )

export const routes = (deps: PeopleDeps) =>
  router().route('/', signIn(deps)).route('/', first(deps)).route('/', forgotten(deps))
