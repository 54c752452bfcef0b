/** The data flow on one screen: which subject goes to which verb, and what then happens in the background. */
import type { Logger } from 'pino'
import { SUBJECTS, type UpdateCommand } from '#connectors/contract.ts'
import type { Task } from './background.ts'
import { system } from './base/actor.ts'
import type { Bus, Message, ServerLink, Trespass } from './bus/index.ts'
import { logTail } from './bus/tail.ts'
import { type Clock, type Context, type Database, isUnreachable, transact } from './db/index.ts'
import { costKeeper } from './costs.ts'
import { seal } from './audit/index.ts'
import { installationId } from './accounts/index.ts'
import { numberCommitted, streamPublisher } from './events/dispatch.ts'
import { LIVE_LIMITS, SAMPLE_SUBJECT } from './events/live.ts'
import { forgetAnswers } from './http/once.ts'
import { letterWriter, renderMissing } from './billing/index.ts'
import { standAll, tellBudgets } from './limits/index.ts'
import { workOnCloses } from './closing/index.ts'
import { forgetOldKeys, receiveOwn, settle } from './ingest/index.ts'
import { createPost, sendMails } from './mails/index.ts'
import { prune } from './metrics/index.ts'
import { createMailer, forgetSignIns } from './people/index.ts'
import { judge } from './rating/index.ts'
import { advance, countUpdates, spreadMs, unfinishedRollouts } from './releases/index.ts'
import { workOnWhatIfs } from './repricing/index.ts'
import { configOf, judgeSecrets, type Refusals, revocations, sealPlain, watchSilence } from './sources/index.ts'

export interface RiverDeps {
  bus: Bus
  /** where NATS trusts keys of ours */
  server: ServerLink | null
  /** of a nats-server beside us */
  natsLog: string | undefined
  refusals: Refusals
  db: Database
  now: Clock
  log: Logger
  /** null: documents wait until a mail server is known */
  mail: { url: string; from: string; publicUrl: string } | null
}

interface Inflow {
  subject: string
  queue: string
  /** messages in work at once */
  concurrency: number
  handle(message: Message): Promise<Uint8Array | null>
}

/** Role `ingest`: agents report by request; the reply, after the commit, is the acknowledgement. */
const inflows = ({ bus, db, now, refusals }: Pick<RiverDeps, 'bus' | 'db' | 'now' | 'refusals'>): Inflow[] => [
  {
    subject: 'v1.report.*',
    queue: 'ingest',
    concurrency: 6,
    handle: (message) =>
      receiveOwn(
        { db, now, sampled: (ids) => tellSampled(bus, ids), refused: (refusal) => refusals.note(refusal) },
        message,
      ),
  },
]

export function listen(deps: Parameters<typeof inflows>[0]): void {
  for (const { subject, queue, concurrency, handle } of inflows(deps))
    deps.bus.serve(subject, queue, handle, concurrency)
}

/** What can be a minute late while a month is closed. */
const BESIDE_CLOSING = { gives_way_to: 'close_periods' }

/** Role `work`: facts → timelines → usage → what became of it; and events → those who listen. */
export function tasks(deps: RiverDeps): Task[] {
  const { db, now } = deps
  const as = <T>(name: string, verb: (ctx: Context) => Promise<T>) => transact(db, system(name), now, verb)
  const parked = (err: unknown, account_id: string) =>
    deps.log.error({ err, account_id }, 'closing a month: an account was parked by what nobody foresaw')
  return [
    { name: 'settle', every_ms: 500, share: 0.2, run: () => settle(db, now) },
    { name: 'judge', every_ms: 5_000, run: () => as('judge', judge) },
    { name: 'render', every_ms: 2_000, share: 0.2, ...BESIDE_CLOSING, run: () => as('render', renderMissing) },
    { name: 'close_periods', every_ms: 1_000, run: () => workOnCloses(db, now, parked) },
    { name: 'what_if', every_ms: 1_000, share: 0.5, run: () => workOnWhatIfs(db, now) },
    // rating everybody is much work and nobody waits for it: budgets of large installations are looked at after minutes, not seconds
    {
      name: 'watch_limits',
      every_ms: 5_000,
      share: 0.03,
      rest_ms_max: 600_000,
      ...BESIDE_CLOSING,
      run: () => standAll(db, now),
    },
    { name: 'forget', every_ms: 600_000, run: () => as('forget', forgetOldKeys) },
    { name: 'forget_answers', every_ms: 600_000, run: () => as('forget_answers', forgetAnswers) },
    { name: 'forget_sign_ins', every_ms: 600_000, run: () => as('forget_sign_ins', forgetSignIns) },
    { name: 'prune', every_ms: 60_000, run: () => as('prune', prune) },
    { name: 'number_events', every_ms: 250, run: () => numberCommitted(deps) },
    { name: 'seal', every_ms: 500, run: () => seal(db, now) },
    { name: 'publish_events', every_ms: 1_000, run: streamPublisher(deps, () => as('publish', installationId)) },
    { name: 'watch_silence', every_ms: 1_000, run: silenceWatcher(deps, as) },
    { name: 'roll_out', every_ms: 1_000, share: 0.1, run: () => rollOut(deps, as) },
    { name: 'count_updates', every_ms: 15_000, run: () => as('count_updates', countUpdates) },
    { name: 'keep_costs', every_ms: 2_000, share: 0.1, ...BESIDE_CLOSING, run: costKeeper(deps) },
    { name: 'keep_secrets', every_ms: 15_000, run: () => keepSecrets(deps, as) },
    ...keepingOut(deps, as),
    ...mailing(deps),
  ]
}

/** Issued documents go by mail, each once; and budgets that are crossed. */
function mailing({ db, now, log, mail }: RiverDeps): Task[] {
  const telling = { db, now, mail: mail && createMailer(mail.url, mail.from), publicUrl: mail?.publicUrl ?? '' }
  const budgets = { name: 'tell_budgets', every_ms: 5_000, run: () => tellBudgets(telling) }
  if (!mail) return [budgets]
  const onLost = (error: unknown) => log.error({ err: error }, 'a mail with a document could not be written')
  const sending = { db, now, post: createPost(mail.url, mail.from), compose: letterWriter(mail), onLost }
  return [budgets, { name: 'send_mails', every_ms: 1_000, run: () => sendMails(sending) }]
}

/** The nats-server refuses whom we revoked, and we hear whom it refused: its advisories, and its log where we can read it. */
function keepingOut({ server, natsLog, refusals, log }: RiverDeps, as: As): Task[] {
  const note = ({ reason, public_key, detail }: Trespass) =>
    refusals.note({ reason, detail, about: public_key === null ? null : { public_key } })
  server?.onTrespass(note)
  const keep = async () => {
    if (!server?.connected()) return
    const told = await server.keepAccount(await as('keep_revocations', revocations))
    if (told) log.info('the nats-server was told what agents may do and who is revoked')
  }
  return [
    ...(server ? [{ name: 'keep_revocations', every_ms: 2_000, run: keep }] : []),
    ...(natsLog === undefined ? [] : [{ name: 'read_nats_log', every_ms: 1_000, run: logTail(natsLog, note) }]),
  ]
}

/** Every role: what was refused becomes audit records. */
export const recording = ({ db, now, refusals }: RiverDeps): Task[] => [
  {
    name: 'tell_refusals',
    every_ms: 1_000,
    run: () => refusals.tell((verb) => transact(db, system('refusals'), now, verb), now()),
  },
]

/** Sends an agent its configuration; one that misses it gets it at hello. */
export const configPusher =
  ({ bus, db, now }: Pick<RiverDeps, 'bus' | 'db' | 'now'>) =>
  async (agent_id: string): Promise<void> => {
    const config = await transact(db, system('configuration'), now, (ctx) => configOf(ctx, agent_id))
    bus.publish(SUBJECTS.config(agent_id), JSON.stringify(config))
  }

const SEALED_AT_ONCE = 100
/** No secret of a source lies in the clear, and none that can't be opened is kept from people. */
async function keepSecrets(deps: RiverDeps, as: As): Promise<void> {
  while ((await as('keep_secrets', (ctx) => sealPlain(ctx, SEALED_AT_ONCE))) === SEALED_AT_ONCE);
  const push = configPusher(deps)
  for (let after: string | null = null; ;) {
    const page = await as('keep_secrets', (ctx) => judgeSecrets(ctx, after))
    for (const agent_id of page.readable_again) await push(agent_id)
    after = page.next
    if (after === null) return
  }
}

/** Each roll-out in a transaction of its own; who misses the word hears it again. */
async function rollOut({ bus }: RiverDeps, as: As): Promise<void> {
  for (const id of await as('roll_out', unfinishedRollouts)) {
    const told = await as('roll_out', (ctx) => advance(ctx, id))
    const command: UpdateCommand = { command: 'update', spread_ms: spreadMs(told.length) }
    for (const agent_id of told) bus.publish(SUBJECTS.command(agent_id), JSON.stringify(command))
  }
}

type As = <T>(name: string, verb: (ctx: Context) => Promise<T>) => Promise<T>

/** Nobody is called silent for a time in which we couldn't hear: while NATS or the database was away. */
function silenceWatcher({ bus, now }: RiverDeps, as: As): () => Promise<void> {
  let listening_since = now()
  bus.onConnect(() => {
    listening_since = now()
  })
  return async () => {
    if (!bus.connected()) return
    try {
      await as('watch_silence', (ctx) => watchSilence(ctx, listening_since))
    } catch (error) {
      if (isUnreachable(error)) listening_since = now()
      throw error
    }
  }
}

function tellSampled(bus: Bus, ids: readonly string[]): void {
  for (let from = 0; from < ids.length; from += LIVE_LIMITS.idsPerMessage)
    bus.publish(SAMPLE_SUBJECT, JSON.stringify({ resource_ids: ids.slice(from, from + LIVE_LIMITS.idsPerMessage) }))
}
