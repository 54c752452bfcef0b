/** HTTP of accounts: keys and roles, legal entities, accounts. */
import { z } from 'zod'
import { page, PageQuery } from '../http/contract.ts'
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import {
  Account,
  AccountChange,
  ApiKey,
  CustomRoleChange,
  Impersonation,
  LegalEntity,
  LegalEntityChange,
  MadeApiKey,
  NewApiKey,
  NewCustomRole,
  NewImpersonation,
  NewProject,
  Project,
  RoleEntry,
  SessionSettings,
  SessionSettingsChange,
} from './contract.ts'
import {
  changeAccount,
  changeCustomRole,
  changeLegalEntity,
  changeSessionSettings,
  createCustomRole,
  createKey,
  endImpersonation,
  getAccount,
  getSessionSettings,
  impersonate,
  listAccounts,
  listKeys,
  listLegalEntities,
  listRoles,
  openProject,
  removeDemo,
  renameProject,
  revokeApiKey,
} from './index.ts'

export interface AccountsDeps extends HttpDeps {
  /** null: what is here is real */
  endDemo: (() => void) | null
}

export const routes = (deps: AccountsDeps) =>
  router()
    .get('/roles', answers('What each role may do', z.object({ items: z.array(RoleEntry) }), 'session'), async (c) =>
      c.json({ items: await verb(c, deps, listRoles) }),
    )
    .post(
      '/roles',
      answers('Make a role', RoleEntry, 'people.write', { status: 201 }),
      valid('json', NewCustomRole),
      async (c) => c.json(await verb(c, deps, (ctx) => createCustomRole(ctx, c.req.valid('json'))), 201),
    )
    .patch(
      '/roles/:id',
      answers('Change a role that was made here', RoleEntry, 'people.write'),
      valid('param', ById),
      valid('json', CustomRoleChange),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => changeCustomRole(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .get('/api-keys', answers('API keys that hold', z.object({ items: z.array(ApiKey) }), 'keys.read'), async (c) =>
      c.json({ items: await verb(c, deps, listKeys) }),
    )
    .post(
      '/api-keys',
      answers('Make an API key', MadeApiKey, 'keys.write', { status: 201 }),
      valid('json', NewApiKey),
      async (c) => c.json(await verb(c, deps, (ctx) => createKey(ctx, c.req.valid('json'))), 201),
    )
    .delete('/api-keys/:id', answers('Revoke an API key', null, 'keys.write'), valid('param', ById), async (c) => {
      await verb(c, deps, (ctx) => revokeApiKey(ctx, c.req.valid('param').id))
      return c.body(null, 204)
    })
    .post(
      '/impersonation',
      answers('Act as a customer, for a reason', Impersonation, 'accounts.impersonate', {
        repeatable: 'who acts as a customer may not begin it again',
      }),
      valid('json', NewImpersonation),
      async (c) => c.json(await verb(c, deps, (ctx) => impersonate(ctx, c.req.valid('json')))),
    )
    .delete('/impersonation', answers('Be oneself again', null, 'session'), async (c) => {
      // it is the session's own, whatever account it acts for
      await verb(c, { ...deps, tenants: deps.db }, endImpersonation)
      return c.body(null, 204)
    })
    .get(
      '/session-settings',
      answers('When sessions end that nobody uses', SessionSettings, 'installation.write'),
      async (c) => c.json(await verb(c, deps, getSessionSettings)),
    )
    .patch(
      '/session-settings',
      answers('Change when sessions end that nobody uses', SessionSettings, 'installation.write'),
      valid('json', SessionSettingsChange),
      async (c) => c.json(await verb(c, deps, (ctx) => changeSessionSettings(ctx, c.req.valid('json')))),
    )
    .delete('/demo', answers('Remove the demo with all that was invented', null, 'installation.write'), async (c) => {
      await verb(c, deps, (ctx) => removeDemo(ctx, deps.endDemo !== null))
      deps.endDemo?.()
      return c.body(null, 204)
    })
    .get(
      '/legal-entities',
      answers('Legal entities that sell', z.object({ items: z.array(LegalEntity) }), 'accounts.read'),
      async (c) => c.json({ items: await verb(c, deps, listLegalEntities) }),
    )
    .patch(
      '/legal-entities/:id',
      answers('Change a legal entity', LegalEntity, 'legal_entities.write'),
      valid('param', ById),
      valid('json', LegalEntityChange),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => changeLegalEntity(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .get(
      '/accounts',
      answers('Accounts that buy', page(Account), 'accounts.read'),
      valid('query', PageQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listAccounts(ctx, c.req.valid('query')))),
    )
    .get('/accounts/:id', answers('One account', Account, 'accounts.read'), valid('param', ById), async (c) =>
      c.json(await verb(c, deps, (ctx) => getAccount(ctx, c.req.valid('param').id))),
    )
    .post(
      '/accounts/:id/projects',
      answers('Open a project of an account', Project, 'accounts.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewProject),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => openProject(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .patch(
      '/projects/:id',
      answers('Rename a project', Project, 'accounts.write'),
      valid('param', ById),
      valid('json', NewProject),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => renameProject(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .patch(
      '/accounts/:id',
      answers('Change an account', Account, 'accounts.write'),
      valid('param', ById),
      valid('json', AccountChange),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => changeAccount(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
