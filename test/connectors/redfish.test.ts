/** The Redfish connector against a double of a blade enclosure, through TLS, sessions and pages. */
import { afterEach, expect, test } from 'vitest'
import { type Collected, ConnectorError, type Listing, type Session } from '#connectors/contract.ts'
import { connector } from '#connectors/redfish/index.ts'
import { contractOf } from './kit.ts'
import { RedfishDouble, redfishRig, settingsOf } from './redfish.ts'

contractOf('redfish', redfishRig)

const doubles: RedfishDouble[] = []
const sessions: Session[] = []
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
  for (const double of doubles.splice(0)) await double.end()
})
async function enclosure(...names: string[]): Promise<RedfishDouble> {
  const double = await RedfishDouble.open()
  for (const name of names) double.add(name)
  doubles.push(double)
  return double
}

interface Eye {
  tick(): Promise<Collected[]>
  /** what went out before a failure was told */
  emitted: Collected[]
  memory: unknown
}
async function look(settings: Record<string, unknown>, memory?: unknown): Promise<Eye> {
  const eye: Eye = { emitted: [], memory, tick: async () => [] }
  const session = await connector.open(settings, {
    realm: 'metal',
    interval_ms: 60_000,
    emit: (facts) => void eye.emitted.push(...facts),
    memory: { get: async () => eye.memory, set: async (value) => void (eye.memory = value) },
    now: Date.now,
    log: () => undefined,
  })
  sessions.push(session)
  eye.tick = () => session.collect(new AbortController().signal)
  return eye
}
const listing = (facts: Collected[]) => facts.find((fact) => fact.type === 'listing') as Listing
const names = (facts: Collected[]) =>
  listing(facts).resources.flatMap(({ kind, name }) => (kind === 'host' ? [name] : []))
const energyOf = (facts: Collected[], id: string) =>
  facts.find(
    (fact): fact is Extract<Collected, { type: 'readings' }> =>
      fact.type === 'readings' && fact.counters !== undefined && fact.resource.external_id === id,
  )
const failure = (eye: Eye): Promise<ConnectorError> =>
  eye.tick().then(
    () => expect.fail('the tick went well'),
    (error: unknown) => error as ConnectorError,
  )

test('blades over several pages, each with its own energy; the enclosure that they share stands by itself', async () => {
  const double = await enclosure('a', 'b', 'c')
  const eye = await look(settingsOf(double))
  const facts = await eye.tick()
  expect(names(facts)).toEqual(['a', 'b', 'c'])
  expect(listing(facts)).toMatchObject({ complete: true, scope: { external_id: double.uuid } })
  expect(listing(facts).resources.filter(({ attributes }) => attributes?.['type'] === 'chassis')).toHaveLength(1)
  const [a] = double.blades.values()
  a!.joules += 5n
  expect(energyOf(await eye.tick(), a!.uuid)).toMatchObject({ counters: { energy_joules: 1_005 }, metered: true })
})

test('the rig’s verbs show in what is read', async () => {
  const rig = await redfishRig()
  const eye = await look(rig.settings())
  const id = await rig.add('a')
  const first = energyOf(await eye.tick(), id)
  await rig.use(id, 7n)
  expect(energyOf(await eye.tick(), id)).toMatchObject({ epoch: first?.epoch, counters: { energy_joules: 1_007 } })
  await rig.reset(id)
  const anew = energyOf(await eye.tick(), id)
  expect(anew?.counters).toEqual({ energy_joules: 0 })
  expect(anew?.epoch?.id).not.toBe(first?.epoch?.id)
  await rig.trouble('untrusted_tls')
  expect(await failure(eye)).toMatchObject({ code: 'refused' })
  await rig.calm()
  await rig.remove(id)
  expect(names(await eye.tick())).toEqual([])
  await sessions.splice(0)[0]?.close()
  await rig.end()
})

test('a blade that is pulled is missing from a complete listing, one that is off is stopped', async () => {
  const double = await enclosure('a', 'b')
  const eye = await look(settingsOf(double))
  await eye.tick()
  double.blades.delete('1')
  double.blades.get('2')!.power = 'Off'
  const facts = await eye.tick()
  expect(
    listing(facts)
      .resources.filter(({ kind }) => kind === 'host')
      .map(({ name, state }) => [name, state]),
  ).toEqual([['b', 'stopped']])
})

test('a system that can’t be read closes nothing, and its chassis is nobody else’s', async () => {
  const double = await enclosure('a', 'b')
  const eye = await look(settingsOf(double))
  await eye.tick()
  double.trouble = 'incomplete'
  const facts = await eye.tick()
  expect(listing(facts).complete).toBe(false)
  expect(names(facts)).toEqual(['b'])
  expect(
    facts.flatMap((fact) => (fact.type === 'readings' && fact.counters ? [fact.resource.external_id] : [])),
  ).toEqual([double.blades.get('2')!.uuid])
})

test('what moves between pages while they are read closes nothing', async () => {
  const double = await enclosure('a', 'b', 'c', 'd', 'e')
  const eye = await look(settingsOf(double))
  double.trouble = 'changes_between_pages'
  expect(listing(await eye.tick()).complete).toBe(false)
  expect(listing(await eye.tick()).complete).toBe(true)
})

test('one session serves many ticks, is made anew when the BMC forgot it, and is given back', async () => {
  const double = await enclosure('a')
  const eye = await look(settingsOf(double))
  await eye.tick()
  await eye.tick()
  const signIns = () => double.asked.filter((one) => one.startsWith('POST')).length
  expect(signIns()).toBe(1)
  double.sessions.clear()
  await eye.tick()
  expect(signIns()).toBe(2)
  await sessions.splice(0)[0]?.close()
  expect(double.asked.at(-1)).toMatch(/^DELETE/)
  expect(double.sessions.size).toBe(0)
})

test('basic authentication needs no session', async () => {
  const double = await enclosure('a')
  expect(names(await (await look(settingsOf(double, { authentication: 'basic' }))).tick())).toEqual(['a'])
  expect(double.asked.some((one) => one.startsWith('POST'))).toBe(false)
})

test('a certificate that isn’t the pinned one gets no byte of a request', async () => {
  const double = await enclosure('a')
  const other = await look(settingsOf(double, { fingerprints: ['ab'.repeat(32)] }))
  expect(await failure(other)).toMatchObject({ code: 'refused', message: expect.stringContaining('fingerprint') })
  const unpinned = await look(settingsOf(double, { fingerprints: [] }))
  expect(await failure(unpinned)).toMatchObject({ code: 'refused', message: expect.stringContaining('not trusted') })
  expect(double.asked).toEqual([])
})

test('each refusal says what failed and what to do, and never the password', async () => {
  const double = await enclosure('a')
  const eye = await look(settingsOf(double))
  await eye.tick()
  for (const [trouble, code] of [
    ['expired_credential', 'refused'],
    ['rate_limited', 'limit'],
    ['garbled', 'bad_answer'],
    ['missing_right', 'refused'],
  ] as const) {
    double.trouble = trouble
    const error = await failure(eye)
    expect([trouble, error.code]).toEqual([trouble, code])
    expect(error.remedy).not.toBe('')
    expect(`${error.message} ${error.remedy}`).not.toContain('correct horse')
  }
  double.trouble = null
  expect(names(await eye.tick())).toEqual(['a'])
})

test('a BMC that is silent is given up with the tick, and stops no other', async () => {
  const [good, silent] = [await enclosure('a'), await enclosure('b')]
  const eye = await look(
    settingsOf(good, {
      addresses: [good.address, silent.address],
      fingerprints: [good.fingerprint, silent.fingerprint],
    }),
  )
  await eye.tick()
  silent.trouble = 'hangs'
  const giveUp = new AbortController()
  setTimeout(() => giveUp.abort(), 300)
  await expect(sessions[0]!.collect(giveUp.signal)).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining(silent.address),
  })
  expect(names(eye.emitted)).toEqual(['a'])
  silent.trouble = null
})

test('a BMC that wants a slash at the end is read all the same, and no credential goes to another port', async () => {
  const double = await enclosure('a', 'b')
  double.moved = ''
  expect(names(await (await look(settingsOf(double))).tick())).toEqual(['a', 'b'])
  const other = await enclosure('c')
  double.moved = `https://${other.address}`
  expect(await failure(await look(settingsOf(double)))).toMatchObject({ code: 'bad_answer' })
  expect(other.asked).toEqual([])
})

test('one BMC under two addresses is told, not listed twice', async () => {
  const double = await enclosure('a')
  const eye = await look(
    settingsOf(double, { addresses: [double.address, double.address.replace('127.0.0.1', 'localhost')] }),
  )
  expect(await failure(eye)).toMatchObject({ code: 'bad_settings', message: expect.stringContaining('same BMC') })
})

test('the log goes on over a restart of the agent: an entry of the time between is told once, at its instant', async () => {
  const double = await enclosure('a')
  const first = await look(settingsOf(double))
  await first.tick()
  await sessions.splice(0)[0]?.close()
  double.clock_ahead_ms = 3_600_000
  double.write('PSU 2 lost input')
  const second = await look(settingsOf(double), first.memory)
  const written = Date.now()
  const events = (await second.tick()).filter((fact) => fact.type === 'event')
  // the enclosure's log names no blade, and there is but one
  expect(events).toMatchObject([{ change: 'critical: PSU 2 lost input', content: {} }])
  expect(Math.abs(events[0]!.seen_at_ms - written)).toBeLessThan(2_000)
  expect((await second.tick()).filter((fact) => fact.type === 'event')).toEqual([])
  double.clear()
  double.write('Log cleared')
  expect((await second.tick()).filter((fact) => fact.type === 'event')).toMatchObject([
    { change: 'critical: Log cleared' },
  ])
})

test('settings that can’t work are refused before anything is asked', async () => {
  const good = { addresses: ['bmc1.example.com', '2001:db8::1', '192.0.2.1:8443'], user: 'u', password: 'p' }
  const open = (more: Record<string, unknown>) => look({ ...good, ...more })
  await open({})
  for (const wrong of [
    { addresses: [] },
    { addresses: ['http://bmc1'] },
    { addresses: ['bmc1/redfish'] },
    { addresses: ['user@bmc1'] },
    { user: '' },
    { fingerprints: ['12'] },
    { ca: 'x' },
    { other: 1 },
  ])
    await expect(open(wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code: 'bad_settings' })
})
