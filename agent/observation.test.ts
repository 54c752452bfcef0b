/** What the agent reads from connectors and from the control plane is what the contract says, word for word. */
import { AgentConfig, Observation, Reply } from '#connectors/contract.ts'
import { type Shape, readAs } from '#connectors/shape.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { configShape } from './config.ts'
import { observationShape } from './observation.ts'
import { Refused, readReply } from './reply.ts'

const observation = {
  kind: 'vm',
  external_id: 'vm-1',
  incarnation: '',
  name: 'vm 1',
  state: 'running',
  size: { vcpu_count: 2, memory_bytes: '18446744073709551615' },
  host: null,
  parent: { kind: 'namespace', external_id: 'n' },
  evidence: { smbios_uuid: 'a', machine_id: 'b', serials: ['s'], macs: ['m'], ips: ['i'] },
  attributes: { model: { name: 'x', ports: [1, null, true] } },
}
const config = {
  version: 3,
  sources: [
    {
      id: '019aa000-0000-7000-8000-000000000001',
      connector: 'host',
      realm: 'r',
      interval_ms: 10_000,
      settings: { deep: [{ a: 1 }] },
    },
  ],
}
const accepted = { ok: true, watermark: 7, stored_at_ms: 1_800_000_000_000, unknown_digests: ['0'.repeat(64)], config }
const refused = { ok: false, code: 'malformed', message: 'no', retry: false }

const LIMITS_OF_TEXT = [0, 1, 32, 33, 64, 65, 128, 129, 256, 257, 512, 513, 2_000, 2_001]
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(undefined, null, NaN, -1, 0, 0.5, 999, 1_000, 86_400_000, 86_400_001, 2 ** 53, 253_402_300_799_999),
  fc.constantFrom('0', '01', '18446744073709551615', '18446744073709551616', 'host', 'failed', 'g'.repeat(64)),
  fc.constantFrom(...LIMITS_OF_TEXT).map((length) => 'x'.repeat(length)),
  fc.constantFrom(256, 257).map((length) => Array.from({ length }, () => 'x')),
)

type Path = (string | number)[]
const pathsOf = (value: unknown, at: Path = []): Path[] =>
  typeof value === 'object' && value !== null
    ? [at, ...Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...at, key]))]
    : [at]

/** A copy in which one place is another value, is gone, or has one more key. */
function altered(value: unknown, [key, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (key === undefined) return change(value)
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...(value as object) }
  const part = altered(copy[key], rest, change)
  if (part === undefined && !Array.isArray(value)) delete copy[key]
  else copy[key] = part
  return copy
}
const near = (value: unknown) =>
  fc
    .tuple(fc.constantFrom(...pathsOf(value)), odd, fc.constantFrom('replace', 'remove', 'add'))
    .map(([path, other, how]) =>
      altered(value, path, (old) => {
        if (how === 'remove') return undefined
        return how === 'add' && typeof old === 'object' && !Array.isArray(old) ? { ...old, more: other } : other
      }),
    )

function alike<T>(read: Shape<T>, schema: z.ZodType, value: unknown): void {
  const wanted = schema.safeParse(value)
  expect({ value, read: readAs(read, value) }).toEqual({ value, read: wanted.success ? wanted.data : undefined })
}

test('an observation is read as the contract reads it', () => {
  alike(observationShape, Observation, observation)
  expect(readAs(observationShape, observation)).toEqual(observation)
  fc.assert(
    fc.property(near(observation), (value) => alike(observationShape, Observation, value)),
    { numRuns: 2_000 },
  )
})

test('a configuration is read as the contract reads it', () => {
  expect(readAs(configShape, config)).toEqual(config)
  fc.assert(
    fc.property(near(config), (value) => alike(configShape, AgentConfig, value)),
    { numRuns: 2_000 },
  )
})

/** What the agent makes of an answer: accepted, refused, or not of this protocol. */
function verdict(value: unknown): unknown {
  try {
    return readReply(new TextEncoder().encode(JSON.stringify(value) ?? ''))
  } catch (error) {
    return error instanceof Refused ? { message: error.message, retry: error.retry } : 'unknown'
  }
}

test('an answer is read as the contract reads it', () => {
  expect(verdict(accepted)).toEqual(accepted)
  expect(verdict(refused)).toEqual({ message: 'malformed: no', retry: false })
  fc.assert(
    fc.property(fc.oneof(near(accepted), near(refused)), (value) => {
      const wire: unknown = value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? 'null')
      const { success, data } = Reply.safeParse(wire)
      const no = success && !data.ok ? { message: `${data.code}: ${data.message}`, retry: data.retry } : 'unknown'
      expect({ value, verdict: verdict(value) }).toEqual({ value, verdict: success && data.ok ? data : no })
    }),
    { numRuns: 2_000 },
  )
})
