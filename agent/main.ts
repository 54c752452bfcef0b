#!/usr/bin/env bun
/** `atalaya-agent`: the command line. What a command needs is loaded by that command alone. */
import { mkdirSync } from 'node:fs'
import { defineCommand, runCommand, runMain } from 'citty'
import { ConnectorError } from '#connectors/wire.ts'
import { beFrugal } from './frugal.ts'
import { VERSION } from './version.ts'

const state = {
  type: 'string',
  description: 'Folder of the agent’s identity, configuration and spool',
  required: true,
  valueHint: 'DIR',
} as const

const enrol = defineCommand({
  meta: { name: 'enrol', description: 'Make this agent known to a control plane' },
  args: {
    url: { type: 'string', description: 'Address of the control plane', required: true },
    token: { type: 'string', description: 'One-time enrolment token; or the environment’s ATALAYA_TOKEN' },
    name: { type: 'string', description: 'Name to show; the host name if left out' },
    state,
  },
  async run({ args }) {
    const [{ enrol: enrolAt, learnAddress }, { loadIdentity }, { learnKeys }] = await Promise.all([
      import('./enrol.ts'),
      import('./identity.ts'),
      import('./update/trust.ts'),
    ])
    mkdirSync(args.state, { recursive: true, mode: 0o700 })
    // before the token is used up: what fails here can be tried again
    await learnKeys(args.state, loadIdentity(args.state)?.url ?? args.url)
    const token = args.token ?? process.env.ATALAYA_TOKEN
    if (learnAddress(args.state, args.url) || (!token && loadIdentity(args.state)))
      return void process.stdout.write(`Enrolled already; from now on it knows its control plane: ${args.url}\n`)
    if (!token) throw new Error('there is no token: give --token, or set ATALAYA_TOKEN')
    const { machineId } = await import('#connectors/host/client.ts')
    const { agent_id } = await enrolAt({ ...args, token, machine_id: machineId() })
    process.stdout.write(`Enrolled as ${agent_id}. Start it with: atalaya-agent run --state ${args.state}\n`)
  },
})

const run = defineCommand({
  meta: { name: 'run', description: 'Collect and report until stopped' },
  args: { state },
  async run({ args }) {
    beFrugal()
    const [{ Agent }, { loadIdentity }, { openLog }] = await Promise.all([
      import('./agent.ts'),
      import('./identity.ts'),
      import('./log.ts'),
    ])
    const kept = loadIdentity(args.state)
    // from before identities had it; whoever starts us knows
    const identity = kept && { ...kept, url: kept.url ?? process.env.ATALAYA_URL }
    if (!identity) throw new Error(`${args.state} holds no agent: enrol it first (atalaya-agent enrol)`)
    const log = openLog()
    const agent: InstanceType<typeof Agent> = new Agent(args.state, identity, log, () => stop())
    const stop = () =>
      void agent.stop().then(
        () => process.exit(0),
        (error) => {
          log.error({ error: String(error) }, 'the agent ended badly')
          process.exit(1)
        },
      )
    process.once('SIGTERM', stop).once('SIGINT', stop)
    await agent.start()
  },
})

const once = defineCommand({
  meta: { name: 'once', description: 'Show what a connector would report, and end' },
  args: {
    connector: { type: 'string', description: 'host, libvirt, …', default: 'host' },
    settings: { type: 'string', description: 'Settings of the source, as JSON', default: '{}' },
    json: { type: 'boolean', description: 'The facts themselves, for programs', default: false },
  },
  async run({ args }) {
    const { once: look } = await import('./once.ts')
    let settings: unknown
    try {
      settings = JSON.parse(args.settings)
    } catch {
      throw new Error('--settings is not JSON')
    }
    const text = await look({ ...args, settings: settings as Record<string, unknown> })
    await Bun.write(Bun.stdout, `${text}\n`)
  },
})

/** Started by the `host` connector from the single file, which has no script that could be started by its path. */
const inventory = defineCommand({
  meta: { name: 'host-inventory', hidden: true },
  async run() {
    const { printInventory } = await import('#connectors/host/inventory.ts')
    await printInventory()
  },
})

/** Started by the agent itself: see manifests.ts. */
const manifests = defineCommand({
  meta: { name: 'manifests', hidden: true },
  async run() {
    const { tellManifests } = await import('./manifests.ts')
    await Bun.write(Bun.stdout, await tellManifests())
  },
})

const main = defineCommand({
  meta: { name: 'atalaya-agent', version: VERSION, description: 'Reports servers and hypervisors to Atalaya' },
  subCommands: { enrol, run, once, manifests, 'host-inventory': inventory },
})

/** What failed, why and what to do; a stack helps nobody at a command line. */
function failed(error: unknown): never {
  const remedy = error instanceof ConnectorError ? `\n${error.remedy}` : ''
  process.stderr.write(`atalaya-agent: ${error instanceof Error ? error.message : error}${remedy}\n`)
  process.exit(1)
}

/** `--once` is how people look for it. */
const rawArgs = process.argv.slice(2).map((argument) => (argument === '--once' ? 'once' : argument))
if (rawArgs.length === 0) rawArgs.push('--help')
if (rawArgs.some((argument) => ['--help', '-h', '--version'].includes(argument))) await runMain(main, { rawArgs })
else await runCommand(main, { rawArgs }).catch(failed)
