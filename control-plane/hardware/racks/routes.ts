/** HTTP of racks and of what stands in them. */
import { answers, ById, type HttpDeps, router, valid, verb } from '../../http/index.ts'
import {
  MountQuery,
  NewRack,
  NewRackMount,
  Rack,
  RackChange,
  RackDetail,
  RackList,
  RackMount,
  RackMountList,
  Unmount,
} from '../contract.ts'
import { changeRack, createRack, getRack, listMounts, listRacks, mount, unmount } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get('/hardware/racks', answers('Racks, by site and name', RackList, 'agents.read'), async (c) =>
      c.json({ items: await verb(c, deps, listRacks) }),
    )
    .post(
      '/hardware/racks',
      answers('Add a rack', Rack, 'agents.write', { status: 201 }),
      valid('json', NewRack),
      async (c) => c.json(await verb(c, deps, (ctx) => createRack(ctx, c.req.valid('json'))), 201),
    )
    .get(
      '/hardware/racks/:id',
      answers('One rack with what stands on its units', RackDetail, 'agents.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getRack(ctx, c.req.valid('param').id))),
    )
    .patch(
      '/hardware/racks/:id',
      answers('Change the name, the site or the height of a rack', Rack, 'agents.write'),
      valid('param', ById),
      valid('json', RackChange),
      async (c) => c.json(await verb(c, deps, (ctx) => changeRack(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .get(
      '/hardware/mounts',
      answers('Where a machine stands and stood, newest first', RackMountList, 'agents.read'),
      valid('query', MountQuery),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listMounts(ctx, c.req.valid('query').resource_id)) }),
    )
    .post(
      '/hardware/mounts',
      answers('Say that a machine stands in a rack', RackMount, 'agents.write', { status: 201 }),
      valid('json', NewRackMount),
      async (c) => c.json(await verb(c, deps, (ctx) => mount(ctx, c.req.valid('json'))), 201),
    )
    .delete(
      '/hardware/mounts/:id',
      answers('Take a machine out of its rack', null, 'agents.write'),
      valid('param', ById),
      valid('query', Unmount),
      async (c) => {
        await verb(c, deps, (ctx) => unmount(ctx, c.req.valid('param').id, c.req.valid('query').at))
        return c.body(null, 204)
      },
    )
