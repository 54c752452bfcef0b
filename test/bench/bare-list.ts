/** The peer of the bench `list`: the same query and the same JSON by the same driver and HTTP library, with nothing before them. */
import { Hono } from 'hono'
import { system } from '#control-plane/base/actor.ts'
import { connect, type Context, type Tx } from '#control-plane/db/index.ts'
import { extras } from '#control-plane/extras.ts'
import { ResourceQuery } from '#control-plane/inventory/contract.ts'
import { listResources } from '#control-plane/inventory/index.ts'

/** As many connections as the control plane has for tenants. */
const POOL = 8

const [url = '', account_id = ''] = process.argv.slice(2)
// a superuser: row-level security holds for everybody else. No transaction: each statement goes alone
const tx = connect(url, POOL) as unknown as Tx
const ctx: Context = {
  tx,
  actor: { ...system('bench'), account_id },
  now: Date.now,
  request_id: 'bench',
  program: (work) => work(ctx),
}
const query = ResourceQuery.parse({ limit: 50 })
const app = new Hono().get('/resources', async (c) => c.json(await listResources(ctx, query, extras)))
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: app.fetch })
process.stdout.write(`${server.port}\n`)
