/** HTTP of people: sessions, members, invitations, providers of single sign-on. */
import { z } from 'zod'
import { SESSION_SECONDS, signIn } from '../accounts/index.ts'
import { clearSession, sessionToken, setSession } from '../http/authentication.ts'
import { answers, ById, router, valid, verb, version } from '../http/index.ts'
import {
  Acceptance,
  ByToken,
  Invitation,
  InvitationShown,
  MadeInvitation,
  Member,
  MemberChange,
  NewInvitation,
  NewSsoProvider,
  Session,
  SignedIn,
  SignIn,
  SsoProvider,
} from './contract.ts'
import {
  acceptAsKnown,
  acceptAsNew,
  addProvider,
  changeRole,
  endMembership,
  endRole,
  invite,
  listInvitations,
  listMembers,
  listProviders,
  lookUpInvitation,
  removeProvider,
  renewInvitation,
  revokeInvitation,
  sessionOf,
  signOut,
} from './index.ts'
import { answerOutcome, headersOf, type PeopleDeps } from './answers/routes.ts'
import { routes as me } from './me/routes.ts'
import { ofOneself, ofPeople } from './privacy/routes.ts'
import { routes as signInRoutes } from './sign-in/routes.ts'

const SESSION = 'opens one more session, which ends by itself'
/** A person's own settings are no account's: they are fenced by who he is, and he has them wherever he belongs. */
const asOneself = (deps: PeopleDeps): PeopleDeps => ({ ...deps, tenants: deps.db })

const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) })

const sessions = (deps: PeopleDeps) =>
  router()
    .post(
      '/session',
      answers('Sign in by a token or key', Session, 'nothing', { repeatable: SESSION }),
      valid('json', SignIn),
      async (c) => {
        const { session, token } = await verb(c, deps, async (ctx) => {
          const { token, actor } = await signIn(ctx, c.req.valid('json').token)
          return { token, session: await sessionOf({ ...ctx, actor }, version, deps.demo) }
        })
        setSession(c, token, SESSION_SECONDS)
        return c.json(session)
      },
    )
    .get('/session', answers('Who am I, and what may I do', Session, 'session'), async (c) =>
      c.json(await verb(c, deps, (ctx) => sessionOf(ctx, version, deps.demo))),
    )
    .delete('/session', answers('Sign out', null, 'session'), async (c) => {
      const token = sessionToken(c)
      if (token !== undefined) await verb(c, deps, (ctx) => signOut(ctx, token))
      clearSession(c)
      return c.body(null, 204)
    })

const members = (deps: PeopleDeps) =>
  router()
    .get('/people', answers('Who belongs here', listOf(Member), 'people.read'), async (c) =>
      c.json({ items: await verb(c, deps, listMembers) }),
    )
    .patch(
      '/people/:id',
      answers("Change a member's role", Member, 'people.write'),
      valid('param', ById),
      valid('json', MemberChange),
      async (c) => c.json(await verb(c, deps, (ctx) => changeRole(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .delete(
      '/roles/:id',
      answers('End a role that was made here', null, 'people.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => endRole(ctx, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )
    .delete('/people/:id', answers('End a membership', null, 'people.write'), valid('param', ById), async (c) => {
      await verb(c, deps, (ctx) => endMembership(ctx, c.req.valid('param').id))
      return c.body(null, 204)
    })

const invitations = (deps: PeopleDeps) =>
  router()
    .get('/invitations', answers('Open invitations', listOf(Invitation), 'people.read'), async (c) =>
      c.json({ items: await verb(c, deps, listInvitations) }),
    )
    .post(
      '/invitations',
      answers('Invite a person', MadeInvitation, 'people.write', { status: 201 }),
      valid('json', NewInvitation),
      async (c) => c.json(await verb(c, deps, (ctx) => invite(ctx, deps.gate, c.req.valid('json'))), 201),
    )
    .post(
      '/invitations/lookup',
      answers('What an invitation is for', InvitationShown, 'nothing', { repeatable: 'only reads' }),
      valid('json', ByToken),
      async (c) => c.json(await verb(c, deps, (ctx) => lookUpInvitation(ctx, c.req.valid('json').token))),
    )
    .post(
      '/invitations/acceptance',
      answers('Accept an invitation as a new person', SignedIn, 'nothing', { repeatable: SESSION }),
      valid('json', Acceptance),
      async (c) => answerOutcome(c, deps, (ctx) => acceptAsNew(ctx, deps.gate, c.req.valid('json'), headersOf(c))),
    )
    .post(
      '/invitations/:id/renewal',
      answers('Send an invitation again', MadeInvitation, 'people.write', {
        repeatable: 'each link replaces the one before',
      }),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => renewInvitation(ctx, deps.gate, c.req.valid('param').id))),
    )
    .delete(
      '/invitations/:id',
      answers('Withdraw an invitation', null, 'people.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => revokeInvitation(ctx, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )

const joining = (deps: PeopleDeps) =>
  router().post(
    '/me/memberships',
    answers('Accept an invitation as who I am', null, 'session', { repeatable: 'its link works once' }),
    valid('json', ByToken),
    async (c) => {
      await verb(c, deps, (ctx) => acceptAsKnown(ctx, c.req.valid('json').token))
      return c.body(null, 204)
    },
  )

const providers = (deps: PeopleDeps) =>
  router()
    .get(
      '/sso-providers',
      answers('Providers of single sign-on', listOf(SsoProvider), 'installation.write'),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listProviders(ctx, deps.gate)) }),
    )
    .post(
      '/sso-providers',
      answers('Add a provider of single sign-on', SsoProvider, 'installation.write', { status: 201 }),
      valid('json', NewSsoProvider),
      async (c) => c.json(await verb(c, deps, (ctx) => addProvider(ctx, deps.gate, c.req.valid('json'))), 201),
    )
    .delete(
      '/sso-providers/:id',
      answers('Remove a provider of single sign-on', null, 'installation.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => removeProvider(ctx, deps.gate, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )

export const routes = (deps: PeopleDeps) =>
  router()
    .route('/', sessions(asOneself(deps)))
    .route('/', signInRoutes(asOneself(deps)))
    .route('/', me(asOneself(deps)))
    .route('/', ofOneself(asOneself(deps)))
    .route('/', joining(asOneself(deps)))
    .route('/', members(deps))
    .route('/', ofPeople(deps))
    .route('/', invitations(deps))
    .route('/', providers(deps))
