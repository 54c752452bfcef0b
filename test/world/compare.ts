/** The first difference between what must be and what the product says, in words. Pure. */
import type { Outcome, OutcomeBill, OutcomeLine, OutcomeVersion } from './outcome.ts'
import type { Instant } from './truth.ts'

const at = (instant: Instant | null): string => (instant === null ? 'open' : new Date(instant).toISOString())
const said = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))

/** Null where the two are equal. */
export const difference = (expected: Outcome, found: Outcome): string | null =>
  inVersions(expected.versions, found.versions) ??
  inUsage(expected.usage, found.usage) ??
  inBills('Invoice', expected.invoices, found.invoices) ??
  inBills('Draft of', expected.drafts, found.drafts)

const keysOf = (...records: object[]): string[] => [...new Set(records.flatMap((one) => Object.keys(one)))].toSorted()

function inVersions(expected: Outcome['versions'], found: Outcome['versions']): string | null {
  for (const machine of keysOf(expected, found)) {
    const [wanted, seen] = [expected[machine] ?? [], found[machine] ?? []]
    for (let n = 0; n < Math.max(wanted.length, seen.length); n += 1)
      if (!Bun.deepEquals(wanted[n], seen[n]))
        return `Version ${n + 1} of ${machine}: expected ${version(wanted[n])}, found ${version(seen[n])}.`
  }
  return null
}

const version = (one: OutcomeVersion | undefined): string =>
  one
    ? `${one.state} on ${one.host} ${said(one.size)} from ${at(one.from)}${one.from_exact ? ' (exact)' : ''} to ${at(one.to)}${one.to_exact ? ' (exact)' : ''}`
    : 'none'

function inUsage(expected: Outcome['usage'], found: Outcome['usage']): string | null {
  for (const key of keysOf(expected, found))
    if (!Bun.deepEquals(expected[key], found[key]))
      return `Usage of ${key}: expected ${said(expected[key])}, found ${said(found[key])}.`
  return null
}

function inBills(what: string, expected: Record<string, OutcomeBill>, found: Record<string, OutcomeBill>) {
  for (const key of keysOf(expected, found)) {
    const [wanted, seen] = [expected[key], found[key]]
    if (!wanted || !seen) return `${what} ${key}: expected ${wanted ? 'one' : 'none'}, found ${seen ? 'one' : 'none'}.`
    const wrong = inBill(wanted, seen)
    if (wrong) return `${what} ${key}, ${at(seen.period.from)} to ${at(seen.period.to)}: ${wrong}`
  }
  return null
}

const lineKey = ({ machine, component, price_from }: OutcomeLine) =>
  `${machine} ${component} at the price of ${at(price_from)}`
const gap = ({ gaps, gaps_more }: OutcomeLine): string =>
  `${gaps.map((one) => `${one.cause} (${one.policy}) from ${at(one.from)} to ${at(one.to)}`).join(', ') || 'none'} and ${gaps_more} more`
const byKey = (lines: readonly OutcomeLine[]) => Object.fromEntries(lines.map((line) => [lineKey(line), line]))

function inBill(wanted: OutcomeBill, seen: OutcomeBill): string | null {
  for (const bound of ['from', 'to'] as const)
    if (wanted.period[bound] !== seen.period[bound])
      return `the period's ${bound}: expected ${at(wanted.period[bound])}, found ${at(seen.period[bound])}.`
  const [expected, found] = [byKey(wanted.lines), byKey(seen.lines)]
  for (const key of keysOf(expected, found)) {
    const [one, other] = [expected[key], found[key]]
    if (!one || !other) return `the line ${key}: expected ${said(one)}, found ${said(other)}.`
    for (const field of ['quantity', 'exact', 'net', 'unobserved_ms', 'estimated'] as const)
      if (one[field] !== other[field])
        return `the line ${key}, ${field}: expected ${said(one[field])}, found ${said(other[field])}.`
    const told = gap(one) === gap(other) ? null : `expected ${gap(one)}, found ${gap(other)}`
    if (told) return `the line ${key}, gaps: ${told}.`
  }
  for (const field of ['net', 'tax', 'total'] as const)
    if (wanted[field] !== seen[field]) return `its ${field}: expected ${wanted[field]}, found ${seen[field]}.`
  return seen.lines.length === wanted.lines.length ? null : `a line stands on it twice.`
}
