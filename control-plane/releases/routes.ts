/** HTTP of releases: signed versions and their files, roll-outs, and the words of agents about their updates. */
import { z } from 'zod'
import { Problem } from '../base/problem.ts'
import { answers, ById, type HttpDeps, router, valid, verb } from '../http/index.ts'
import { type Admission, noted, type Refusals } from '../sources/index.ts'
import {
  AgentRelease,
  AgentRollout,
  AgentUpdate,
  AskFile,
  NewRollout,
  Reason,
  RolloutWithAgents,
  Signed,
  TellUpdate,
  UpdateOrder,
} from './contract.ts'
import {
  askFile,
  fileStored,
  fileWanted,
  getRollout,
  listReleases,
  listRollouts,
  listUpdates,
  pauseRollout,
  registerRelease,
  type ReleaseFiles,
  resumeRollout,
  rollBack,
  startRollout,
  tellUpdate,
  withdrawRelease,
} from './index.ts'

export interface ReleasesDeps extends HttpDeps {
  admission: Pick<Admission, 'isFresh'>
  refusals: Refusals
  files: ReleaseFiles
}

const releases = (deps: ReleasesDeps) =>
  router()
    .get(
      '/agent-releases',
      answers('Releases of the agent', z.object({ items: z.array(AgentRelease) }), 'agents.read'),
      async (c) => c.json({ items: await verb(c, deps, listReleases) }),
    )
    .post(
      '/agent-releases',
      answers('Register a signed release', AgentRelease, 'agents.write', { status: 201 }),
      valid('json', Signed),
      async (c) => {
        const keys = deps.files.keys()
        return c.json(await verb(c, deps, (ctx) => registerRelease(ctx, c.req.valid('json'), keys)), 201)
      },
    )
    .put(
      '/agent-releases/:id/file',
      answers('Upload the file of a release', AgentRelease, 'agents.write'),
      valid('param', ById),
      async (c) => {
        const { id } = c.req.valid('param')
        if (!c.req.raw.body || !/^application\/octet-stream\b/i.test(c.req.header('content-type') ?? ''))
          throw new Problem('unsupported', 'Send the file as the body, as application/octet-stream.')
        const wanted = await verb(c, deps, (ctx) => fileWanted(ctx, id))
        await deps.files.keep(c.req.raw.body, wanted)
        return c.json(await verb(c, deps, (ctx) => fileStored(ctx, id)))
      },
    )
    .delete(
      '/agent-releases/:id',
      answers('Withdraw a release', null, 'agents.write'),
      valid('param', ById),
      async (c) => {
        deps.files.forget(await verb(c, deps, (ctx) => withdrawRelease(ctx, c.req.valid('param').id)))
        return c.body(null, 204)
      },
    )

const rollouts = (deps: ReleasesDeps) =>
  router()
    .get(
      '/agent-rollouts',
      answers('Roll-outs of agents', z.object({ items: z.array(AgentRollout) }), 'agents.read'),
      async (c) => c.json({ items: await verb(c, deps, listRollouts) }),
    )
    .post(
      '/agent-rollouts',
      answers('Start a roll-out', AgentRollout, 'agents.write', { status: 201 }),
      valid('json', NewRollout),
      async (c) => c.json(await verb(c, deps, (ctx) => startRollout(ctx, c.req.valid('json'))), 201),
    )
    .get(
      '/agent-rollouts/:id',
      answers('One roll-out, with its agents', RolloutWithAgents, 'agents.read'),
      valid('param', ById),
      async (c) => c.json(await verb(c, deps, (ctx) => getRollout(ctx, c.req.valid('param').id))),
    )
    .post(
      '/agent-rollouts/:id/pause',
      answers('Hold a roll-out', null, 'agents.write'),
      valid('param', ById),
      valid('json', Reason),
      async (c) => {
        await verb(c, deps, (ctx) => pauseRollout(ctx, c.req.valid('param').id, c.req.valid('json').reason))
        return c.body(null, 204)
      },
    )
    .post(
      '/agent-rollouts/:id/resume',
      answers('Go on with a roll-out', null, 'agents.write'),
      valid('param', ById),
      async (c) => {
        await verb(c, deps, (ctx) => resumeRollout(ctx, c.req.valid('param').id))
        return c.body(null, 204)
      },
    )
    .post(
      '/agent-rollouts/:id/roll-back',
      answers('Halt a roll-out, and have its agents go back', null, 'agents.write'),
      valid('param', ById),
      valid('json', Reason),
      async (c) => {
        await verb(c, deps, (ctx) => rollBack(ctx, c.req.valid('param').id, c.req.valid('json').reason))
        return c.body(null, 204)
      },
    )

const updates = (deps: ReleasesDeps) =>
  router()
    .get(
      '/agents/updates',
      answers('How each agent stands', z.object({ items: z.array(AgentUpdate) }), 'agents.read'),
      async (c) => c.json({ items: await verb(c, deps, listUpdates) }),
    )
    .get(
      '/agents/release-keys',
      answers('Keys that an enrolling agent trusts', z.object({ keys: z.array(z.string()) }), 'nothing'),
      (c) => c.json({ keys: deps.files.keys() }),
    )
    .post(
      '/agents/updates',
      answers('An agent tells of its update, and asks what to do', UpdateOrder, 'nothing', {
        repeatable: 'the same word again changes nothing',
      }),
      valid('json', TellUpdate),
      async (c) => {
        const told = c.req.valid('json')
        return c.json(
          await noted(
            deps.refusals,
            verb(c, deps, (ctx) => tellUpdate(ctx, deps.admission, told)),
          ),
        )
      },
    )
    .post(
      '/agents/updates/file',
      answers('The file of a release, for an agent', z.string(), 'nothing', {
        media: 'application/octet-stream',
        repeatable: 'gives the same bytes again',
      }),
      valid('json', AskFile),
      async (c) => {
        const asked = c.req.valid('json')
        await noted(
          deps.refusals,
          verb(c, deps, (ctx) => askFile(ctx, deps.admission, asked)),
        )
        return c.body(deps.files.give(asked.sha256, asked.from), 200, { 'content-type': 'application/octet-stream' })
      },
    )

export const routes = (deps: ReleasesDeps) =>
  router().route('/', releases(deps)).route('/', rollouts(deps)).route('/', updates(deps))
