/** HTTP of sources: agents and their enrolment, connectors on offer, and what each agent reads. */
import { type Context as HonoContext } from 'hono'
import { z } from 'zod'
import { iso } from '../base/time.ts'
import { answers, ById, csvAnswer, type HttpDeps, router, valid, verb } from '../http/index.ts'
import {
  Access,
  Agent,
  Challenge,
  EnrolAgent,
  EnrolledAgent,
  Enrolment,
  NewCheck,
  NewEnrolment,
  NewSource,
  OfferedConnector,
  Renewal,
  Source,
  SourceChange,
  SourceCheck,
  SourceDetail,
  SourcePayload,
  SourceVersion,
} from './contract.ts'
import {
  type Admission,
  type Asking,
  changeSource,
  checked,
  createEnrolment,
  createSource,
  deleteSource,
  enrol,
  getSource,
  listAgents,
  listConnectors,
  listSources,
  noted,
  payloadOf,
  prepareCheck,
  prepareLook,
  recognise,
  type Refusals,
  revokeAgent,
  sourceDetail,
  sourcesCsv,
  sourceVersions,
} from './index.ts'

export interface SourcesDeps extends HttpDeps {
  /** how agents are let in to NATS */
  admission: Admission
  refusals: Refusals
  /** on which agents are asked */
  bus: Asking
  /** sends an agent its configuration, after the commit of what changed it; an agent that misses it gets it at hello */
  pushConfig(agent_id: string): Promise<void>
}

/** One line that makes a server an agent; the address is the one by which the caller reached us. */
const command = (c: HonoContext, token: string): string => {
  const origin = c.req.header('origin') ?? new URL(c.req.url).origin
  return `curl -fsSL ${origin}/install/install-agent.sh | sudo sh -s -- --url ${origin} --token ${token}`
}

const agents = (deps: SourcesDeps) =>
  router()
    .get('/agents', answers('Agents', z.object({ items: z.array(Agent) }), 'agents.read'), async (c) =>
      c.json({ items: await verb(c, deps, listAgents) }),
    )
    .post(
      '/enrolments',
      answers('Make a one-time enrolment token', Enrolment, 'agents.write', { status: 201 }),
      valid('json', NewEnrolment),
      async (c) => {
        const { token, expires_at } = await verb(c, deps, (ctx) => createEnrolment(ctx, c.req.valid('json')))
        return c.json({ token, expires_at: iso(expires_at), command: command(c, token) }, 201)
      },
    )
    .post(
      '/agents/enrol',
      answers('Become an agent, by a token', EnrolledAgent, 'nothing', { status: 201 }),
      valid('json', EnrolAgent),
      async (c) => {
        const wanted = c.req.valid('json')
        const agent_id = await noted(
          deps.refusals,
          verb(c, deps, (ctx) => enrol(ctx, wanted)),
        )
        return c.json({ agent_id, ...(await deps.admission.access(agent_id, wanted.public_key)) }, 201)
      },
    )
    .get('/agents/challenge', answers('A word for an agent to sign', Challenge, 'nothing'), (c) =>
      c.json({ challenge: deps.admission.challenge() }),
    )
    .post(
      '/agents/renew',
      answers('A new credential for an agent, by its key', Access, 'nothing', {
        repeatable: 'gives one more credential, which ends by itself',
      }),
      valid('json', Renewal),
      async (c) => {
        const shown = c.req.valid('json')
        const key = await noted(
          deps.refusals,
          verb(c, deps, (ctx) => recognise(ctx, deps.admission, shown)),
        )
        return c.json(await deps.admission.access(shown.agent_id, key))
      },
    )
    .delete('/agents/:id', answers('Revoke an agent', null, 'agents.write'), valid('param', ById), async (c) => {
      const { id } = c.req.valid('param')
      await verb(c, deps, (ctx) => revokeAgent(ctx, id))
      await deps.pushConfig(id)
      return c.body(null, 204)
    })
    .get(
      '/connectors',
      answers('Connectors that agents offer', z.object({ items: z.array(OfferedConnector) }), 'agents.read'),
      async (c) => c.json({ items: await verb(c, deps, listConnectors) }),
    )

const sources = (deps: SourcesDeps) =>
  router()
    .get('/sources', answers('Sources', z.object({ items: z.array(Source) }), 'agents.read'), async (c) =>
      c.json({ items: await verb(c, deps, listSources) }),
    )
    .post(
      '/sources',
      answers('Add a source', Source, 'agents.write', { status: 201 }),
      valid('json', NewSource),
      async (c) => {
        const made = await verb(c, deps, (ctx) => createSource(ctx, c.req.valid('json')))
        await deps.pushConfig(made.agent_id)
        return c.json(made, 201)
      },
    )
    .post(
      '/sources/check',
      answers('What an agent would see by these settings', SourceCheck, 'agents.write', {
        repeatable: 'stores nothing but that it was tried',
      }),
      valid('json', NewCheck),
      async (c) => {
        const prepared = await verb(c, deps, (ctx) => prepareCheck(ctx, c.req.valid('json')))
        return c.json(await checked(deps.bus, prepared))
      },
    )
    .get(
      '/sources/:id/payload',
      answers('What the agent last read of a source', SourcePayload, 'agents.read'),
      valid('param', ById),
      async (c) => {
        const prepared = await verb(c, deps, (ctx) => prepareLook(ctx, c.req.valid('param').id))
        return c.json(await payloadOf(deps.bus, prepared))
      },
    )
    .get('/sources.csv', answers('The same list as CSV', z.string(), 'agents.read', { media: 'text/csv' }), async (c) =>
      csvAnswer(await verb(c, deps, sourcesCsv), 'sources'),
    )
    .get('/sources/:id', answers('One source', SourceDetail, 'agents.read'), valid('param', ById), async (c) =>
      c.json(await verb(c, deps, (ctx) => sourceDetail(ctx, c.req.valid('param').id))),
    )
    .get(
      '/sources/:id/versions',
      answers(
        'What was decided of its settings, newest first',
        z.object({ items: z.array(SourceVersion) }),
        'agents.read',
      ),
      valid('param', ById),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => sourceVersions(ctx, c.req.valid('param').id)) }),
    )
    .patch(
      '/sources/:id',
      answers('Change a source', Source, 'agents.write'),
      valid('param', ById),
      valid('json', SourceChange),
      async (c) => {
        const changed = await verb(c, deps, (ctx) => changeSource(ctx, c.req.valid('param').id, c.req.valid('json')))
        await deps.pushConfig(changed.agent_id)
        return c.json(changed)
      },
    )
    .delete('/sources/:id', answers('Delete a source', null, 'agents.write'), valid('param', ById), async (c) => {
      const { id } = c.req.valid('param')
      const agent_id = await verb(c, deps, async (ctx) => {
        const found = await getSource(ctx, id)
        await deleteSource(ctx, id)
        return found.agent_id
      })
      await deps.pushConfig(agent_id)
      return c.body(null, 204)
    })

export const routes = (deps: SourcesDeps) => router().route('/', agents(deps)).route('/', sources(deps))
