/** HTTP of privacy: what is held about a person, and his erasure, by staff or by himself. */
import type { Context as HonoContext } from 'hono'
import { clearSession } from '../../http/authentication.ts'
import { answers, ById, type HttpEnv, router, valid, verb } from '../../http/index.ts'
import { headersOf, type PeopleDeps } from '../answers/routes.ts'
import { Erasure, ErasurePreview, PasswordCheck, PersonData } from '../contract.ts'
import { myData, personData } from './data.ts'
import { eraseMyself, erasePerson, previewErasure, previewOwnErasure } from './erasure.ts'

const asFile = (c: HonoContext<HttpEnv>) => c.header('content-disposition', 'attachment; filename="personal-data.json"')

export const ofPeople = (deps: PeopleDeps) =>
  router()
    .get(
      '/people/:id/erasure',
      answers('What an erasure of this person would take and leave', ErasurePreview, 'people.erase'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => previewErasure(ctx, c.req.valid('param').id))),
    )
    .post(
      '/people/:id/erasure',
      answers('Erase a person, for ever', null, 'people.erase'),
      valid('param', ById),
      valid('json', Erasure),
      async (c) => {
        await verb(c, deps, (ctx) => erasePerson(ctx, c.req.valid('param').id, c.req.valid('json').reason))
        return c.body(null, 204)
      },
    )
    .get(
      '/people/:id/data',
      answers('All that is held about this person', PersonData, 'people.erase'),
      valid('param', ById),
      async (c) => {
        const data = await verb(c, deps, (ctx) => personData(ctx, c.req.valid('param').id))
        asFile(c)
        return c.json(data)
      },
    )

export const ofOneself = (deps: PeopleDeps) =>
  router()
    .get('/me/erasure', answers('What my erasure would take and leave', ErasurePreview, 'session'), async (c) =>
      c.json(await verb(c, deps, previewOwnErasure)),
    )
    .post(
      '/me/erasure',
      answers('Erase me, for ever', null, 'session', { repeatable: 'who is erased has no session any more' }),
      valid('json', PasswordCheck),
      async (c) => {
        const { password } = c.req.valid('json')
        const step = await verb(c, deps, (ctx) => eraseMyself(ctx, deps.gate, password, headersOf(c)))
        if ('refused' in step) throw step.refused
        clearSession(c)
        return c.body(null, 204)
      },
    )
    .get('/me/data', answers('All that is held about me', PersonData, 'session'), async (c) => {
      const data = await verb(c, deps, myData)
      asFile(c)
      return c.json(data)
    })
