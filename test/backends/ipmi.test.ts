/** The IPMI connector on a real BMC simulator: sensors, power, and each crossing of a threshold as one event within one interval. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Collected, Fact, type Listing, Observation, type Session } from '#connectors/contract.ts'
import { connector } from '#connectors/ipmi/index.ts'

const missing = ['ipmi_sim', 'ipmitool'].filter((tool) => Bun.which(tool) === null)
if (missing.length > 0)
  console.warn(
    `skipped: no ${missing.join(', ')}: as root, apt-get install -y --no-install-recommends openipmi ipmitool`,
  )

const run = promisify(execFile)
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const PORT = 17_723
const ADDRESS = `127.0.0.1:${PORT}`
const HOST = '674523a1-0189-4523-6789-abcdef010001'
/** the simulator reads its sensors each second */
const SEEN_MS = 2_500

describe.skipIf(missing.length > 0)('a machine by its BMC', () => {
  const dir = mkdtempSync(join(tmpdir(), 'atalaya-ipmi-'))
  const script = (command: string) =>
    run(join(import.meta.dirname, 'ipmi.sh'), [command], {
      env: { ...process.env, IPMI_DIR: dir, IPMI_PORT: String(PORT) },
    })
  const set = (file: string, value: number) => writeFileSync(join(dir, 'bmc1', file), `${value}\n`)
  const bmc = async (...command: string[]): Promise<string> => {
    const args = ['-I', 'lanplus', '-C', '3', '-H', '127.0.0.1', '-p', String(PORT), '-U', 'admin', '-E', ...command]
    return (await run('ipmitool', args, { env: { ...process.env, IPMITOOL_PASSWORD: 'secret', TZ: 'UTC' } })).stdout
  }
  let memory: unknown
  let session: Session
  const all: Collected[] = []

  const open = (more: Record<string, unknown> = {}, kept = true): Promise<Session> =>
    connector.open(
      { addresses: [ADDRESS], user: 'admin', password: 'secret', ...more },
      {
        realm: 'test',
        interval_ms: 10_000,
        now: Date.now,
        emit: (facts) => void all.push(...facts),
        memory: { get: async () => (kept ? memory : undefined), set: async (value) => void (memory = value) },
        log: () => undefined,
      },
    )
  const tick = async (): Promise<Collected[]> => {
    const facts = await session.collect(new AbortController().signal)
    all.push(...facts)
    return facts
  }
  const events = (facts: Collected[]) => facts.flatMap((fact) => (fact.type === 'event' ? [fact.change] : []))
  const gauge = (facts: Collected[], key: string) =>
    facts.flatMap((fact) => (fact.type === 'readings' ? [fact.gauges?.[key]] : []))[0]
  const host = (facts: Collected[]) => (facts.find((fact) => fact.type === 'listing') as Listing).resources[0]

  beforeAll(async () => {
    await script('start')
    session = await open()
  })
  afterAll(async () => {
    await session?.close()
    await script('stop')
    rmSync(dir, { recursive: true })
  })

  test('its sensors are what ipmitool shows, and its identity is its GUID', async () => {
    const facts = await tick()
    expect(facts.find((fact) => fact.type === 'readings')?.gauges).toEqual({
      'temperature_celsius/Inlet Temp': 35,
      'temperature_celsius/CPU1 Temp': 42,
      'fan_speed_rpm/Fan1': 6_000,
      'voltage_volts/P12V': 12.1,
    })
    expect(host(facts)).toMatchObject({
      kind: 'host',
      external_id: HOST,
      state: 'running',
      evidence: { smbios_uuid: HOST },
    })
    expect(events(facts)).toEqual([])
  })

  test('power off and on is its state', async () => {
    await bmc('chassis', 'power', 'off')
    expect(host(await tick())?.state).toBe('stopped')
    expect(readFileSync(join(dir, 'bmc1', 'power'), 'utf8').trim()).toBe('0')
    await bmc('chassis', 'power', 'on')
    expect(host(await tick())?.state).toBe('running')
  })

  test('a crossing that the log holds is one event at its instant, though the BMC’s clock was never set', async () => {
    set('s2', 85)
    const crossed_ms = Date.now()
    await sleep(SEEN_MS)
    const facts = await tick()
    expect(gauge(facts, 'temperature_celsius/CPU1 Temp')).toBe(85)
    expect(events(facts)).toEqual(['Temperature CPU1 Temp: Upper Non-critical going high'])
    const event = facts.find((fact) => fact.type === 'event')
    expect(event?.seen_at_ms).toBeGreaterThan(crossed_ms - 1_500)
    expect(event?.seen_at_ms).toBeLessThan(crossed_ms + SEEN_MS)
    expect(events(await tick())).toEqual([])
  })

  test('going back is one event, and one jump over two thresholds is one', async () => {
    set('s2', 42)
    await sleep(SEEN_MS)
    expect(events(await tick())).toEqual(['Temperature CPU1 Temp: Upper Non-critical going high (ended)'])
    set('s2', 92)
    await sleep(SEEN_MS)
    expect(events(await tick())).toEqual(['Temperature CPU1 Temp: Upper Critical going high'])
    expect(events(await tick())).toEqual([])
  })

  test('a crossing that the BMC doesn’t log is told from the sensor’s state, once', async () => {
    set('s3', 4)
    await sleep(SEEN_MS)
    const facts = await tick()
    expect(gauge(facts, 'fan_speed_rpm/Fan1')).toBe(400)
    expect(events(facts)).toEqual(['Fan1: Lower Critical going low (400 RPM)'])
    expect(events(await tick())).toEqual([])
    set('s3', 60)
    await sleep(SEEN_MS)
    expect(events(await tick())).toEqual(['Fan1: back to normal (6000 RPM)'])
  })

  test('what happened while the agent was away is told once when it is back, over a cleared log and a clock that was set', async () => {
    await session.close()
    await bmc('sel', 'clear')
    await bmc('sel', 'time', 'set', 'now')
    set('s2', 42)
    await sleep(SEEN_MS)
    session = await open()
    expect(events(await tick())).toEqual(['Temperature CPU1 Temp: Upper Critical going high (ended)'])
    expect(events(await tick())).toEqual([])
  })

  test('every fact is one that the wire takes', () => {
    const source = '0199b4a0-0000-7000-8000-000000000000'
    for (const fact of all) {
      if (fact.type === 'listing')
        for (const one of fact.resources) expect(Observation.safeParse(one).error?.message).toBeUndefined()
      else
        expect(
          Fact.safeParse({ ...fact, source, ...(fact.type === 'readings' && { interval_ms: 10_000 }) }).error?.message,
        ).toBeUndefined()
    }
  })

  test('a wrong password, user, cipher suite or address says what to do, and no process shows the password', async () => {
    const failing = async (more: Record<string, unknown>) => {
      const other = await open(more, false)
      const error: unknown = await other.collect(new AbortController().signal).catch((thrown: unknown) => thrown)
      return error as { code: string; message: string; remedy: string }
    }
    expect(await failing({ password: 'wrong' })).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('password'),
    })
    expect(await failing({ user: 'nobody' })).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('user'),
    })
    expect(await failing({ cipher_suite: 17 })).toMatchObject({
      code: 'refused',
      remedy: expect.stringContaining('cipher suite'),
    })
    expect(await failing({ addresses: ['127.0.0.1:9'] })).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('127.0.0.1:9'),
    })
    let seen = ''
    const watching = setInterval(() => (seen += Bun.spawnSync(['ps', '-eo', 'args']).stdout.toString()), 20)
    await tick()
    clearInterval(watching)
    expect(seen).toContain('ipmitool')
    expect(seen.split('\n').filter((line) => line.includes('ipmitool') && line.includes('secret'))).toEqual([])
  })
})
