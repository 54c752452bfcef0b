/** Fees by billing periods, among the lines of a document. */
import type { Interval } from '../../base/time.ts'
import { type ContractInForce, serviceHistory } from '../../contracts/index.ts'
import type { Context } from '../../db/index.ts'
import type { Line } from '../../rating/contract.ts'
import type { RatedPeriod } from '../../rating/index.ts'
import { withPercentages } from '../../rating/rules.ts'
import { type Advanced, advancedOf, ahead, asRated, settled } from './rules.ts'
import { chargedAhead } from './store.ts'

interface Document {
  contract: ContractInForce
  period: Interval
  cut: number
  /** of one that was issued: what it charges in advance is fixed, and later documents settle it */
  issued?: readonly Line[]
}

/** What was rated with the fees that the document settles, those that it charges in advance, and what is a percentage of all of these. */
export async function withFees(ctx: Context, document: Document, rated: RatedPeriod): Promise<RatedPeriod> {
  const { contract, period, cut, issued } = document
  const asked = { contract_id: contract.id, account_id: contract.account_id, from: period.from }
  const advanced = advancedOf(await chargedAhead(ctx, cut, asked))
  const over = settled(rated.fees, period, advanced, await endsOf(ctx, rated, advanced, cut))
  const next = issued
    ? issued.filter((line) => line.timing === 'advance').map(asRated)
    : ahead(rated.fees, period, advanced)
  return { ...rated, lines: withPercentages([...rated.lines, ...inOrder([...over, ...next])]), fees: [] }
}

const inOrder = (lines: readonly Line[]): Line[] =>
  lines
    .map((line) => ({
      line,
      key: [line.resource.name, line.resource.id, line.period.from, line.plan?.name.en].join('\n'),
    }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ line }) => line)

/** When services were there that are in none of the rated periods, as the cut knows it. */
async function endsOf(ctx: Context, { fees }: RatedPeriod, advanced: readonly Advanced[], cut: number) {
  const isRated = ({ service_id, basis }: Advanced) =>
    fees.some((one) => one.service_id === service_id && one.basis.from === basis.from)
  const ids = new Set(advanced.filter((one) => !isRated(one)).map(({ service_id }) => service_id))
  const { versions } = await serviceHistory(ctx, [...ids], cut)
  const by = Map.groupBy(versions, (one) => one.service_id)
  return new Map(
    [...by].map(([id, own]) => {
      const ends = own.map(({ to }) => to)
      const to = ends.includes(null) ? null : Math.max(...ends.map((end) => end ?? 0))
      return [id, { from: Math.min(...own.map((one) => one.from)), to }]
    }),
  )
}
