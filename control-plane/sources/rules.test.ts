import { expect, test } from 'vitest'
import {
  afterHealth,
  agentState,
  type HealthState,
  isSilent,
  isSkewed,
  REFUSALS_APART,
  REFUSALS_WINDOW_MS,
  type Seen,
  settleTold,
  sourceState,
  tokenRefusal,
  UNREADABLE,
  settingToBlame,
} from './rules.ts'

const minute = 60_000
const now = 100 * minute

test('an agent is silent after three intervals, and not before', () => {
  const heard = (ago_ms: number) => ({ last_heard_at: now - ago_ms, interval_ms: 10_000 })
  expect(isSilent(heard(30_000), 0, now)).toBe(false)
  expect(isSilent(heard(30_001), 0, now)).toBe(true)
})

test('a short interval gives no alarm sooner than 15 s', () => {
  expect(isSilent({ last_heard_at: now - 14_000, interval_ms: 1_000 }, 0, now)).toBe(false)
})

test('our own outage is nobody’s silence: the wait begins when we can hear', () => {
  const heard = { last_heard_at: now - minute, interval_ms: 10_000 }
  expect(isSilent(heard, now - 5_000, now)).toBe(false)
  expect(isSilent(heard, now - 31_000, now)).toBe(true)
})

test('an agent that was never heard, or has nothing to report, is not silent', () => {
  expect(isSilent({ last_heard_at: null, interval_ms: 1_000 }, 0, now)).toBe(false)
  expect(isSilent({ last_heard_at: 0, interval_ms: null }, 0, now)).toBe(false)
})

test('a revoked agent is revoked whatever else it is', () => {
  expect(agentState({ revoked_at: 1, last_heard_at: null, silent_since: 2 })).toBe('revoked')
  expect(agentState({ revoked_at: null, last_heard_at: null, silent_since: null })).toBe('never_seen')
  expect(agentState({ revoked_at: null, last_heard_at: 1, silent_since: null })).toBe('connected')
  expect(agentState({ revoked_at: null, last_heard_at: 1, silent_since: 1 })).toBe('silent')
})

test('a clock is skewed beyond 5 s on either side', () => {
  expect([null, 5_000, -5_000, 5_001, -5_001].map(isSkewed)).toEqual([false, false, false, true, true])
})

const error = { code: 'unreachable', message: 'no route', remedy: 'check the address', since_ms: now }
const source = { paused_at: null, error: null, last_fact_at: now, interval_ms: 10_000 }

test('a source shows its first cause: paused, then the agent, then its error, then its facts', () => {
  expect(sourceState({ ...source, paused_at: 1, error }, 'silent', now)).toBe('paused')
  expect(sourceState({ ...source, error }, 'silent', now)).toBe('silent')
  expect(sourceState({ ...source, error }, 'connected', now)).toBe('failing')
  expect(sourceState({ ...source, last_fact_at: null }, 'never_seen', now)).toBe('waiting')
  expect(sourceState(source, 'connected', now + 30_001)).toBe('silent')
  expect(sourceState(source, 'connected', now + 30_000)).toBe('ok')
})

const healthy: HealthState = { last_ok_at: now, duration_ms: 5, vendor_version: '1', error: null }
const failure = { ok: false, duration_ms: 9, error: { code: 'refused', message: 'm', remedy: 'r' } }

test('a failure keeps when it began, while it stays the same one', () => {
  const first = afterHealth(healthy, { ...failure, seen_at: now + 1 })
  const second = afterHealth(first, { ...failure, seen_at: now + 9 })
  expect(second.error?.since_ms).toBe(now + 1)
  const other = { ...failure, error: { ...failure.error, code: 'timeout' }, seen_at: now + 20 }
  expect(afterHealth(second, other).error?.since_ms).toBe(now + 20)
})

test('a late fact changes nothing: no recovery is undone, no failure is hidden', () => {
  expect(afterHealth(healthy, { ...failure, seen_at: now - 1 })).toEqual(healthy)
  const failing = afterHealth(healthy, { ...failure, seen_at: now + 5 })
  expect(afterHealth(failing, { ok: true, duration_ms: 1, seen_at: now + 4 })).toEqual(failing)
  expect(afterHealth(failing, { ok: true, duration_ms: 1, seen_at: now + 6 }).error).toBeNull()
})

test('secrets that can’t be opened stay the failure, whatever an agent with an older configuration says', () => {
  const error = { code: UNREADABLE, message: 'm', remedy: 'r', since_ms: now - 1 }
  const state: HealthState = { last_ok_at: null, duration_ms: null, vendor_version: null, error }
  expect(afterHealth(state, { ok: true, duration_ms: 1, seen_at: now })).toMatchObject({ error, last_ok_at: now })
  const refused = { code: 'refused', message: 'm', remedy: 'r' }
  expect(afterHealth(state, { ok: false, duration_ms: 1, seen_at: now, error: refused })).toMatchObject({ error })
})

const refusal = (id: string, times = 1): Seen => ({
  subject: { kind: 'agent', id },
  reason: 'forged',
  detail: 'd',
  times,
})

test('of a refusal that repeats there are two records an hour, and together they count each', () => {
  const first = settleTold(new Map(), [refusal('a', 3)], 0)
  expect(first.records).toMatchObject([{ times: 3 }])
  const second = settleTold(first.told, [refusal('a', 5), refusal('b')], 1_000)
  expect(second.records).toMatchObject([{ subject: { id: 'b' }, times: 1 }])
  const third = settleTold(second.told, [refusal('a', 7)], REFUSALS_WINDOW_MS - 1)
  expect(third.records).toEqual([])
  const ended = settleTold(third.told, [], REFUSALS_WINDOW_MS)
  expect(ended.records).toMatchObject([{ subject: { id: 'a' }, times: 12 }])
  expect(settleTold(ended.told, [refusal('a')], REFUSALS_WINDOW_MS + 1).records).toMatchObject([{ times: 1 }])
})

test('a flood of different refusals makes a bounded number of records, and none is left uncounted', () => {
  const flood = Array.from({ length: 10 * REFUSALS_APART }, (_, index) => refusal(`agent ${index}`))
  const { told, records } = settleTold(new Map(), flood, 0)
  expect(records).toHaveLength(REFUSALS_APART + 1)
  expect(records.at(-1)).toMatchObject({ subject: { id: 'others' } })
  const later = settleTold(told, [], REFUSALS_WINDOW_MS).records
  const all = [...records, ...later].reduce((sum, { times }) => sum + times, 0)
  expect(all).toBe(flood.length)
})

test('a token is refused for what is wrong with it', () => {
  const fresh = { used: 1, uses: 2, expires_at: 10 }
  expect(tokenRefusal(fresh, 9)).toBeNull()
  expect(tokenRefusal(fresh, 10)).toBe('expired_token')
  expect(tokenRefusal({ ...fresh, used: 2 }, 9)).toBe('used_token')
  expect(tokenRefusal(null, 9)).toBe('unknown_token')
})

test('a failed check is placed at the setting that it is about, or at none', () => {
  const names = ['urls', 'token_id', 'token_secret', 'ca', 'fingerprints']
  const at = (code: string, message: string) => settingToBlame({ code, message }, names, ['token_secret'])
  expect(at('refused', 'answers 401: invalid token')).toBe('token_secret')
  expect(at('refused', 'shows a certificate that isn’t trusted')).toBe('ca')
  expect(at('refused', 'shows the certificate AB, which isn’t the pinned one')).toBe('fingerprints')
  expect(at('unreachable', 'connection refused')).toBe('urls')
  expect(at('bad_settings', 'token_id: must match')).toBe('token_id')
  expect(at('bad_settings', 'no idea')).toBeNull()
  expect(at('limit', 'too many')).toBeNull()
})
