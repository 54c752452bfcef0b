/** The agent beside Debian's prometheus-node-exporter: what one tick of the same quantities costs, on one machine, at one time. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlPlane, identity, Nats, until } from '#agent/control-plane.fixture.ts'
import { saveIdentity } from '#agent/identity.ts'
import { freePort } from '../../deploy/port.ts'
import { endsWithUs } from '../../deploy/process.ts'
import { exporterCommand, scrape, type Scrape } from './exporter.ts'
import type { Bench, Outcome } from './main.ts'
import { anonymousBytes, ProcessorTime } from './process-cost.ts'
import { type Bar, chart, type Cost, judge, median, table, type Verdict } from './report.ts'
import { countingProxy, type Wire } from './wire.ts'

const root = join(import.meta.dirname, '../..')
const INTERVAL_MS = 10_000
const MINUTES = 10
const WINDOWS = 3
/** start, first inventory, and the code's own warming up are over by then */
const WARM_UP_TICKS = 3
const SOURCE = '00000000-0000-4000-8000-000000000001'

const milliseconds = (ns: number) => `${(ns / 1e6).toFixed(2)} ms`
const bytes = (count: number) => `${Math.round(count)} B`
const mebibytes = (count: number) => `${(count / 2 ** 20).toFixed(1)} MiB`

const BARS: readonly Bar[] = [
  { figure: 'cpu_ns_per_tick', title: 'processor time a tick', ratio_max: 1, shown: milliseconds },
  { figure: 'wire_bytes_per_tick', title: 'bytes on the wire a tick', ratio_max: 0.25, shown: bytes },
  { figure: 'anonymous_bytes', title: 'anonymous memory', ratio_max: 1.5, shown: mebibytes },
]

/** One side of the comparison: a process, and the wire that it speaks on. */
class Contender {
  readonly pid: number
  readonly wire: Wire
  #time: ProcessorTime
  #ticks: () => number
  #memory: number[] = []
  #start = { cpu_ns: 0n, wire_bytes: 0, ticks: 0 }

  constructor(pid: number, wire: Wire, ticks: () => number) {
    this.pid = pid
    this.wire = wire
    this.#ticks = ticks
    this.#time = new ProcessorTime(pid)
  }

  #now = () => ({ cpu_ns: this.#time.read_ns(), wire_bytes: this.wire.bytes(), ticks: this.#ticks() })

  begin(): void {
    this.#memory = []
    this.#start = this.#now()
  }

  look(): void {
    this.#time.read_ns()
    this.#memory.push(anonymousBytes(this.pid))
  }

  end(): Cost {
    const now = this.#now()
    const ticks = now.ticks - this.#start.ticks
    return {
      cpu_ns_per_tick: Number(now.cpu_ns - this.#start.cpu_ns) / ticks,
      wire_bytes_per_tick: (now.wire_bytes - this.#start.wire_bytes) / ticks,
      anonymous_bytes: median(this.#memory),
    }
  }
}

class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'atalaya-bench-'))
  #ends: Array<() => unknown> = []

  atEnd(end: () => unknown): void {
    this.#ends.push(end)
  }

  spawn(command: string[]): Bun.Subprocess {
    const child = Bun.spawn(endsWithUs(command), { cwd: root, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' })
    this.atEnd(async () => {
      child.kill()
      await child.exited
    })
    return child
  }

  async end(): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The project's own build, or a program that was built before. */
async function compiled(folder: string): Promise<string> {
  if (process.env.ATALAYA_AGENT) return process.env.ATALAYA_AGENT
  const file = join(folder, 'atalaya-agent')
  const { scripts } = (await Bun.file(join(root, 'package.json')).json()) as { scripts: Record<string, string> }
  const build = (scripts['build:agent'] ?? '').replace('dist/atalaya-agent', file)
  const made = Bun.spawnSync(['sh', '-c', build], { cwd: root, stdout: 'ignore', stderr: 'pipe' })
  if (made.exitCode !== 0) throw new Error(`The agent could not be compiled: ${made.stderr.toString()}`)
  return file
}

/** A control plane of one afternoon that acknowledges, and gives the agent its one source. */
async function acknowledging(port: number): Promise<ControlPlane> {
  const plane = await ControlPlane.start(port)
  const source = { id: SOURCE, connector: 'host', realm: 'bench', interval_ms: INTERVAL_MS, settings: {} }
  plane.answer = (received) => {
    const reply = plane.acknowledged(received)
    return received.message === 'hello' && reply.ok ? { ...reply, config: { version: 1, sources: [source] } } : reply
  }
  return plane
}

interface Agent {
  contender: Contender
  plane: ControlPlane
}

async function startAgent(stage: Stage): Promise<Agent> {
  const nats = await Nats.start()
  stage.atEnd(() => nats.kill())
  const plane = await acknowledging(nats.port)
  stage.atEnd(() => plane.close())
  const wire = countingProxy(nats.port)
  stage.atEnd(() => wire.close())
  const state = join(stage.folder, 'state')
  mkdirSync(state)
  saveIdentity(state, identity(wire.port))
  const { pid } = stage.spawn([await compiled(stage.folder), 'run', '--state', state])
  const ticks = () => plane.received.filter(({ message }) => message === 'batch').length
  await until(() => ticks() > 0, 'the agent reports', 60_000)
  return { contender: new Contender(pid, wire, ticks), plane }
}

interface Exporter {
  contender: Contender
  scrapes: Scrape[]
}

async function startExporter(stage: Stage, devices: () => ReadonlySet<string>): Promise<Exporter> {
  const port = await freePort()
  const { pid } = stage.spawn(exporterCommand(port))
  const wire = countingProxy(port)
  stage.atEnd(() => wire.close())
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(answers, 'the exporter answers')
  const scrapes: Scrape[] = []
  const running = new Set<Promise<unknown>>()
  const timer = setInterval(() => {
    const one = scrape(wire.port, devices()).then((answer) => scrapes.push(answer))
    running.add(one)
    void one.finally(() => running.delete(one))
  }, INTERVAL_MS)
  stage.atEnd(async () => {
    clearInterval(timer)
    await Promise.allSettled(running)
  })
  return { contender: new Contender(pid, wire, () => scrapes.length), scrapes }
}

/** Disks, NICs and modes of the newest batch. */
function devicesOf({ received }: ControlPlane): ReadonlySet<string> {
  const newest = received.findLast(({ message }) => message === 'batch')
  const { facts } = (newest?.facts ?? { facts: [] }) as { facts: { counters?: object }[] }
  const keys = facts.flatMap(({ counters = {} }) => Object.keys(counters))
  return new Set(keys.map((key) => key.slice(key.indexOf('/') + 1)))
}

/** Windows of whole ticks, one after the other. */
async function windows(ours: Contender, theirs: Contender, minutes: number): Promise<{ ours: Cost; theirs: Cost }[]> {
  const ticks = Math.max(1, Math.round((minutes * 60_000) / INTERVAL_MS / WINDOWS))
  const found: { ours: Cost; theirs: Cost }[] = []
  await Bun.sleep(WARM_UP_TICKS * INTERVAL_MS)
  for (let window = 1; window <= WINDOWS; window += 1) {
    for (const each of [ours, theirs]) each.begin()
    for (let tick = 0; tick < ticks; tick += 1) {
      await Bun.sleep(INTERVAL_MS)
      for (const each of [ours, theirs]) each.look()
    }
    found.push({ ours: ours.end(), theirs: theirs.end() })
    console.log(`  window ${window} of ${WINDOWS}: ${ticks} ticks`)
  }
  return found
}

const NAMES = ['atalaya-agent', 'node_exporter'] as const

function show(found: readonly { ours: Cost; theirs: Cost }[], verdicts: readonly Verdict[]): void {
  const head = ['window', ...BARS.flatMap(({ title }) => [`${title}: ours`, 'theirs'])]
  const cells = (one: { ours: Cost; theirs: Cost }) =>
    BARS.flatMap(({ figure, shown }) => [shown(one.ours[figure]), shown(one.theirs[figure])])
  console.log(`\n${table([head, ...found.map((one, index) => [String(index + 1), ...cells(one)])])}\n`)
  console.log(chart(verdicts, BARS, NAMES))
}

/** How many bytes a scrape's body has, in three ways of counting; the bar takes the wire with gzip. */
function bodies(scrapes: readonly Scrape[], body_bytes: number): Record<string, number> {
  const typical = (figure: keyof Scrape) => median(scrapes.map((one) => one[figure]))
  return {
    agent_body_bytes: body_bytes,
    exporter_body_text_bytes: typical('text_bytes'),
    exporter_body_gzip_bytes: typical('gzip_bytes'),
    exporter_body_same_series_gzip_bytes: typical('same_bytes'),
  }
}

async function run({ minutes = MINUTES }: { minutes: number | undefined }): Promise<Outcome> {
  const stage = new Stage()
  try {
    console.log(`  ${minutes} minutes at ${INTERVAL_MS / 1000} s under disk and network load, after a warm-up`)
    const { contender: ours, plane } = await startAgent(stage)
    const { contender: theirs, scrapes } = await startExporter(stage, () => devicesOf(plane))
    stage.spawn(['bun', join(import.meta.dirname, 'load.ts'), join(stage.folder, 'load')])
    const found = await windows(ours, theirs, minutes)
    const verdicts = BARS.map((bar) => judge(found, bar))
    show(found, verdicts)
    const body_bytes = median(plane.received.flatMap((one) => (one.message === 'batch' ? [one.bytes] : [])))
    const figures = Object.fromEntries(verdicts.map(({ figure, ...rest }) => [figure, rest]))
    return { pass: verdicts.every(({ pass }) => pass), minutes, ...figures, ...bodies(scrapes, body_bytes) }
  } finally {
    await stage.end()
  }
}

export const bench: Bench = {
  title: 'the agent beside node_exporter: processor time, bytes on the wire, anonymous memory',
  run,
}
