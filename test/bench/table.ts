/** What people ask of the table of resources, how long it takes, and whether it was answered. */
import type { Installation } from './installation.ts'
import { ipOf, macOf, nameOf, serialOf } from './realms.ts'
import { table } from './report.ts'

interface Item {
  name: string
  kind: string
  state: string
  cost_per_hour: { amount: string } | null
}
interface Answer {
  items: Item[]
  next_cursor: string | null
  total: number | null
}
interface Question {
  figure: string
  path(n: number): string
  /** further pages that are asked for after the first, which then isn't counted */
  pages?: number
  isRight(answer: Answer): boolean
}

const LATER_PAGES = 4
const some = ({ items }: Answer): boolean => items.length > 0
const search = (figure: string, text: (n: number) => string): Question => ({
  figure,
  path: (n) => `limit=100&q=${encodeURIComponent(text(n))}`,
  isRight: some,
})

const cost = ({ cost_per_hour }: Item): number => (cost_per_hour ? Number(cost_per_hour.amount) : -Infinity)
const ORDERS = ['desc', 'asc'] as const
function isSorted(items: readonly Item[], order: 'asc' | 'desc'): boolean {
  const costs = items.map(cost)
  return costs.every((amount, n) => {
    const before = costs[n - 1] ?? amount
    return order === 'asc' ? before <= amount : before >= amount
  })
}
const byCost = (figure: string, filter: (n: number) => string, pages?: number): Question[] =>
  ORDERS.map((order) => ({
    figure: `${figure}, ${order}`,
    path: (n) => `limit=100&sort=cost&order=${order}${filter(n)}`,
    ...(pages !== undefined && { pages }),
    isRight: (answer) => some(answer) && isSorted(answer.items, order),
  }))

/** `realms` × `machines`, of `accounts`; each question is asked again and again, of another machine each time. */
export function questionsOf(realms: number, machines: number, accounts: readonly string[]): Question[] {
  const at =
    <T>(of: (realm: number, machine: number) => T) =>
    (n: number) =>
      of((n * 7) % realms, (n * 7_919 + 13) % machines)
  const account = (n: number) => `&account_id=${accounts[n % accounts.length]}`
  return [
    { figure: 'by name, as it opens', path: () => 'limit=100', isRight: some },
    { figure: 'by name, later pages', path: () => 'limit=100', pages: LATER_PAGES, isRight: some },
    search(
      'search: part of names',
      at((_realm, machine) => nameOf(0, machine).split('.')[0] ?? ''),
    ),
    search('search: a word of every fifth', () => 'cache'),
    search(
      'search: part of an IP',
      at((realm, machine) => ipOf(realm, machine).replace(/\d+$/, '')),
    ),
    search(
      'search: a MAC',
      at((realm, machine) => macOf(realm, machine).replaceAll(':', '-')),
    ),
    search('search: a serial', at(serialOf)),
    ...byCost('by cost', () => ''),
    ...byCost('by cost, one kind', (n) => `&kind=${n % 2 === 0 ? 'container' : 'vm'}`),
    ...byCost('by cost, one state', (n) => `&state=${n % 2 === 0 ? 'stopped' : 'running'}`),
    ...byCost('by cost, one account', account),
    ...byCost('by cost, all three', (n) => `${account(n)}&kind=vm&state=stopped`),
    ...byCost('by cost, later pages', () => '', LATER_PAGES),
    ...byCost(
      'by cost, searched',
      at((_realm, machine) => `&q=${nameOf(0, machine).split('.')[0]}`),
    ),
  ]
}

export interface Asked {
  figure: string
  requests: number
  median_ms: number
  p95_ms: number
  pass: boolean
}
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? NaN

/** Asks a question so often, one after the other, as one who waits for the answer; a wrong answer is an error. */
async function asked(installation: Installation, key: string, question: Question, requests: number) {
  const took: number[] = []
  for (let n = 0; took.length < requests; n += 1) {
    let cursor: string | null = null
    for (let page = 0; page <= (question.pages ?? 0); page += 1) {
      const path: string = `/resources?${question.path(n)}${cursor === null ? '' : `&cursor=${cursor}`}`
      const began = performance.now()
      const answer: Answer = await installation.api<Answer>(path, {}, key)
      if (page > 0 || question.pages === undefined) took.push(performance.now() - began)
      if (!question.isRight(answer)) throw new Error(`GET ${path} was answered wrongly.`)
      cursor = answer.next_cursor
      if (cursor === null) break
    }
  }
  return took.slice(0, requests).toSorted((a, b) => a - b)
}

/** Each question so often, after a few times that don't count. */
export async function askAll(
  installation: Installation,
  key: string,
  questions: readonly Question[],
  { requests, p95_ms_max }: { requests: number; p95_ms_max: number },
): Promise<Asked[]> {
  const out: Asked[] = []
  for (const question of questions) {
    await asked(installation, key, question, Math.ceil(requests / 10))
    const took = await asked(installation, key, question, requests)
    const [median_ms, p95_ms] = [quantile(took, 0.5), quantile(took, 0.95)]
    out.push({ figure: question.figure, requests, median_ms, p95_ms, pass: p95_ms <= p95_ms_max })
  }
  return out
}

export function shown(who: string, asked_of: readonly Asked[]): string {
  const rows = asked_of.map(({ figure, median_ms, p95_ms, pass }) => [
    figure,
    median_ms.toFixed(0),
    p95_ms.toFixed(0),
    pass ? '✓' : '✗',
  ])
  return table([[who, 'median ms', 'p95 ms', ''], ...rows])
}
