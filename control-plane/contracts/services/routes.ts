/** HTTP of services: subscribing, changing, cancelling, suspending, and what fulfils them. */
import { z } from 'zod'
import { Id } from '../../http/contract.ts'
import { answers, ById, type HttpDeps, router, valid, verb } from '../../http/index.ts'
import {
  Cancellation,
  Detachment,
  NewServiceResource,
  NewSubscription,
  NewSuspension,
  ServiceChange,
  Subscription,
  SuspensionEnd,
} from '../contract.ts'
import { attach, cancel, change, detach, liftSuspension, resume, subscribe, suspend } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .post(
      '/accounts/:id/services',
      answers('Subscribe an account to a plan', Subscription, 'contracts.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewSubscription),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => subscribe(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .post(
      '/services/:id/changes',
      answers('Change plan or quantity of a service from an instant on', Subscription, 'contracts.write'),
      valid('param', ById),
      valid('json', ServiceChange),
      async (c) => c.json(await verb(c, deps, (ctx) => change(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/services/:id/cancellation',
      answers('End a service, with its add-ons', Subscription, 'contracts.write'),
      valid('param', ById),
      valid('json', Cancellation),
      async (c) => c.json(await verb(c, deps, (ctx) => cancel(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .delete(
      '/services/:id/cancellation',
      answers('Take back a cancellation that is still ahead', Subscription, 'contracts.write'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => resume(ctx, c.req.valid('param').id))),
    )
    .post(
      '/services/:id/suspension',
      answers('Suspend a service: its fees and its use are billed as before', Subscription, 'contracts.write'),
      valid('param', ById),
      valid('json', NewSuspension),
      async (c) => c.json(await verb(c, deps, (ctx) => suspend(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/services/:id/suspension/end',
      answers('Lift the suspension of a service', Subscription, 'contracts.write'),
      valid('param', ById),
      valid('json', SuspensionEnd),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => liftSuspension(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .post(
      '/services/:id/resources',
      answers('Fulfil a service by a resource, from an instant on', Subscription, 'contracts.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewServiceResource),
      async (c) => c.json(await verb(c, deps, (ctx) => attach(ctx, c.req.valid('param').id, c.req.valid('json'))), 201),
    )
    .post(
      '/services/:id/resources/:attachment/end',
      answers('Let a resource fulfil a service no more', Subscription, 'contracts.write'),
      valid('param', z.object({ id: Id, attachment: Id })),
      valid('json', Detachment),
      async (c) => {
        const { id, attachment } = c.req.valid('param')
        return c.json(await verb(c, deps, (ctx) => detach(ctx, id, attachment, c.req.valid('json'))))
      },
    )
