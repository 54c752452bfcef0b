import { expect, test } from 'vitest'
import {
  afterTelling,
  isPassed,
  LASTING_MS,
  type Member,
  nextStep,
  NUDGE_MS,
  onHalt,
  PATIENCE_MS,
  type Plan,
  spreadMs,
  toNudge,
  trouble,
  wavesOf,
} from './rules.ts'

const now = 10_000_000
const SOAK_MS = 60_000
const plan: Plan = { state: 'running', version: '2.0.0', wave: 0, waves: 2, soak_ms: SOAK_MS, max_failures: 0 }
const doing = { is_heard: true, version: '2.0.0', silent_since: null, failing_since: null, lost: false }
const member = (over: Partial<Member> = {}): Member => ({
  agent_id: 'a',
  wave: 0,
  state: 'waiting',
  is_failure: false,
  changed_at: now,
  switched_at: null,
  updated_at: null,
  nudged_at: null,
  starts: 0,
  agent: doing,
  ...over,
})
const updated = (ago_ms: number, over: Partial<Member> = {}) =>
  member({ state: 'updated', switched_at: now - ago_ms - 5_000, updated_at: now - ago_ms, starts: 1, ...over })

const fleet = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `agent-${n}`, labels: { site: n % 2 === 0 ? 'madrid' : 'lugo' } }))

test('waves are the same each time, differ from roll-out to roll-out, and leave nobody twice', () => {
  const waves = [{ agents: ['agent-7'] }, { labels: { site: 'lugo' } }, { percent: 75 }, { percent: 100 }]
  const placed = wavesOf('r1', waves, fleet(40))
  expect(wavesOf('r1', waves, fleet(40).toReversed())).toEqual(placed)
  expect(placed.get('agent-7')).toBe(0)
  const counts = [0, 1, 2, 3].map((wave) => [...placed.values()].filter((one) => one === wave).length)
  expect(counts).toEqual([1, 19, 10, 10])
  const tenth = (rollout: string) => [...wavesOf(rollout, [{ percent: 10 }], fleet(100)).keys()].toSorted()
  expect(tenth('r1')).toHaveLength(10)
  expect(tenth('r1')).not.toEqual(tenth('r2'))
  expect(wavesOf('r1', [{ percent: 1 }], fleet(3)).size).toBe(1)
})

test('the first step offers the first wave to those who are heard, and to nobody else', () => {
  const members = [
    member({ agent_id: 'here' }),
    member({ agent_id: 'away', agent: { ...doing, is_heard: false } }),
    member({ agent_id: 'later', wave: 1 }),
    member({ agent_id: 'revoked', agent: null }),
  ]
  expect(nextStep(plan, members, now)).toMatchObject({ offered: ['here'] })
  for (const state of ['paused', 'halted', 'rolled_back'] as const)
    expect(nextStep({ ...plan, state }, members, now).offered).toEqual([])
  // all others are done: whoever comes back late follows
  expect(nextStep({ ...plan, state: 'completed', wave: 1 }, members, now).offered).toEqual(['here', 'later'])
})

test('a wave passes when each of it has soaked; one that is away is no obstacle, and no proof', () => {
  const away = member({ agent_id: 'away', agent: { ...doing, is_heard: false } })
  expect(isPassed(plan, [updated(SOAK_MS - 1), away], now)).toBe(false)
  expect(isPassed(plan, [updated(SOAK_MS + 1), away], now)).toBe(true)
  expect(isPassed(plan, [away], now)).toBe(false)
  expect(isPassed(plan, [member({ state: 'not_for_it' })], now)).toBe(true)
  // as many as may fail: it has answered
  const failed = member({ agent_id: 'failed', state: 'refused', is_failure: true })
  expect([isPassed(plan, [failed], now), isPassed(plan, [failed, away], now)]).toEqual([true, false])
  const slow = (changed_at: number) => member({ agent_id: 'slow', state: 'fetching', changed_at })
  expect(isPassed(plan, [updated(SOAK_MS + 1), slow(now - PATIENCE_MS)], now)).toBe(false)
  expect(isPassed(plan, [updated(SOAK_MS + 1), slow(now - PATIENCE_MS - 1)], now)).toBe(true)
  expect(nextStep(plan, [updated(SOAK_MS + 1), member({ wave: 1 })], now)).toEqual({
    ailing: new Map(),
    offered: [],
    wave: 1,
  })
  expect(nextStep({ ...plan, wave: 1 }, [updated(SOAK_MS + 1, { wave: 1 })], now)).toMatchObject({ state: 'completed' })
})

test('an agent does badly when it goes elsewhere, starts again, loses something, or stays silent or failing', () => {
  const agent = (over: object, ago_ms = 50_000) => updated(ago_ms, { agent: { ...doing, ...over } })
  expect(trouble(updated(1_000), plan, now)).toBeNull()
  expect(trouble(agent({ version: '1.0.0' }), plan, now)).toBe('other_version')
  expect(trouble(updated(1_000, { starts: 2 }), plan, now)).toBe('restarted')
  expect(trouble(agent({ lost: true }), plan, now)).toBe('losses')
  expect(trouble(updated(SOAK_MS + 1, { starts: 9 }), plan, now)).toBeNull()
  for (const [name, reason] of [
    ['failing_since', 'source_failing'],
    ['silent_since', 'silent'],
  ] as const) {
    expect(trouble(agent({ [name]: now - LASTING_MS }), plan, now), name).toBe(reason)
    // a moment of it is no reason to go back, and none to go on
    const moment = agent({ [name]: now - LASTING_MS + 1 })
    expect(trouble(moment, plan, now), name).toBeNull()
    expect(isPassed({ ...plan, soak_ms: 49_000 }, [moment], now), name).toBe(false)
    // also when the soak was short: what began in it counts until it is over
    expect(trouble(agent({ [name]: now - LASTING_MS }), { ...plan, soak_ms: 6_000 }, now), name).toBe(reason)
    // what failed before, or long afterwards, is no fault of the version
    expect(trouble(agent({ [name]: now - 56_000 }), plan, now), name).toBeNull()
    expect(trouble(agent({ [name]: now - LASTING_MS }), { ...plan, soak_ms: 1_000 }, now), name).toBeNull()
  }
  // whose sources fail falls silent, too: that they fail is the reason, and neither puts the other off
  for (const [failing_ms, silent_ms, reason] of [
    [LASTING_MS, LASTING_MS + 1, 'source_failing'],
    [LASTING_MS, 1, 'source_failing'],
    [1, LASTING_MS, 'silent'],
  ] as const) {
    const both = agent({ failing_since: now - failing_ms, silent_since: now - silent_ms })
    expect(trouble(both, plan, now)).toBe(reason)
  }
})

test('one failure more than may halts it, whoever failed; the others go back, and later waves stay', () => {
  const failed = (agent_id: string) => member({ agent_id, state: 'failed', is_failure: true })
  expect(nextStep(plan, [failed('x')], now)).toMatchObject({ state: 'halted', offered: [] })
  expect(nextStep({ ...plan, max_failures: 1 }, [failed('x')], now).state).toBeUndefined()
  const sick = updated(1_000, { agent_id: 'y', starts: 2 })
  const both = nextStep({ ...plan, max_failures: 1 }, [failed('x'), sick], now)
  expect(both).toMatchObject({ state: 'halted', ailing: new Map([['y', 'restarted']]) })
  expect((['waiting', 'offered', 'fetching', 'switching', 'updated', 'refused'] as const).map(onHalt)).toEqual([
    null,
    'waiting',
    'going_back',
    'going_back',
    'going_back',
    null,
  ])
  const halted = { ...plan, state: 'halted' as const }
  const goingBack = (over: Partial<Member> = {}) =>
    nextStep(halted, [member({ state: 'going_back', ...over })], now).state
  const silent = { ...doing, is_heard: false }
  expect(goingBack()).toBeUndefined()
  expect(goingBack({ agent: silent, changed_at: now - PATIENCE_MS })).toBeUndefined()
  expect(goingBack({ agent: silent, changed_at: now - PATIENCE_MS - 1 })).toBe('rolled_back')
  expect(goingBack({ agent: null })).toBe('rolled_back')
})

test('who was told and does not come is told again, a little later; while it is held only who goes back', () => {
  const members = [
    member({ agent_id: 'new', state: 'offered' }),
    member({ agent_id: 'told', state: 'offered', nudged_at: now - NUDGE_MS + 1 }),
    member({ agent_id: 'again', state: 'fetching', nudged_at: now - NUDGE_MS }),
    member({ agent_id: 'back', state: 'going_back' }),
    member({ agent_id: 'away', state: 'offered', agent: { ...doing, is_heard: false } }),
    member({ agent_id: 'done', state: 'updated' }),
  ]
  expect(toNudge({ state: 'running' }, members, now)).toEqual(['new', 'again', 'back'])
  expect(toNudge({ state: 'paused' }, members, now)).toEqual(['back'])
  expect(spreadMs(350)).toBe(35_000)
})

test('an agent’s word moves it only where that can be', () => {
  const at = (state: Member['state'], starts = 0) => ({ state, switched_at: null, updated_at: null, starts })
  const told = (state: Parameters<typeof afterTelling>[1]['state'], version = '2.0.0', more = {}) => ({
    state,
    version,
    ...more,
  })
  const after = (state: Member['state'], ...words: Parameters<typeof told>) =>
    afterTelling(at(state), told(...words), '2.0.0', now)
  expect(after('fetching', 'switching')).toEqual({ state: 'switching', switched_at: now })
  expect(after('switching', 'proven')).toEqual({ state: 'updated', updated_at: now, starts: 1 })
  expect(after('switching', 'proven', '1.0.0')).toBeNull()
  expect(after('switching', 'proven', '2.0.0', { starts: 3 })).toMatchObject({ starts: 3 })
  expect(afterTelling(at('updated', 1), told('proven', '2.0.0', { starts: 2 }), '2.0.0', now)).toEqual({ starts: 2 })
  expect(afterTelling(at('updated', 1), told('proven', '2.0.0', { starts: 1 }), '2.0.0', now)).toBeNull()
  // told to go back: what it says of getting there comes too late
  expect(after('going_back', 'proven')).toBeNull()
  expect(after('going_back', 'went_back')).toBeNull()
  expect(after('going_back', 'went_back', '1.0.0')).toEqual({ state: 'went_back' })
  const kept = after('going_back', 'went_back', '2.0.0', { reason: 'nothing_before' })
  expect(kept).toMatchObject({ state: 'went_back', reason: 'nothing_before' })
  expect(after('going_back', 'failed', '1.0.0', { reason: 'crashed' })).toMatchObject({
    state: 'failed',
    is_failure: true,
  })
  expect(after('fetching', 'refused', '1.0.0', { reason: 'wrong_hash' })).toMatchObject({
    state: 'refused',
    is_failure: true,
    reason: 'wrong_hash',
  })
  for (const state of ['superseded', 'went_back', 'refused', 'not_for_it'] as const)
    for (const word of ['switching', 'proven', 'refused', 'failed', 'went_back'] as const)
      expect(after(state, word)).toBeNull()
})
