/** Price books over each other: the most specific one that has a version of a component in force gives its price. Pure. */
import { type Interval, intersect, type OpenInterval, splitAt } from '../base/time.ts'
import { conditionKey } from '../catalog/rules.ts'
import type { Price } from './rules.ts'
import { beside, timesOf } from './times.ts'

/** The prices of a book, and when it is had. */
export interface Layer {
  spans: readonly OpenInterval[]
  prices: readonly Price[]
}

const ALWAYS: Interval = { from: -Infinity, to: Infinity }
/** Prices of a cost book that apply to other resources don't take its time from one. */
const componentOf = ({ kind, meter, applies_to }: Price): string => `${kind}.${meter}${conditionKey(applies_to)}`

/** The most specific layer first. Each price holds in its book's spans, beside the times of what comes before it. */
export function layered(layers: readonly Layer[]): Price[] {
  const taken = new Map<string, OpenInterval[]>()
  const out: Price[] = []
  for (const { spans, prices } of layers) {
    const never = outsideOf(spans)
    for (const price of prices) {
      const before = taken.get(componentOf(price)) ?? []
      const left = beside(price, [...never, ...before])
      if (!left) continue
      out.push(left)
      taken.set(componentOf(price), [...before, ...timesOf(left)])
    }
  }
  return layers.length > 1 ? out.toSorted((a, b) => begin(a) - begin(b)) : out
}
const begin = (price: Price): number => timesOf(price)[0]?.from ?? -Infinity

/** When a book is not had; spans of one contract don't overlap. */
function outsideOf(spans: readonly OpenInterval[]): OpenInterval[] {
  let left: Interval[] = [ALWAYS]
  for (const span of spans)
    left = left.flatMap((part) => {
      const inside = intersect(span, part)
      if (!inside) return [part]
      return [
        { from: part.from, to: inside.from },
        { from: inside.to, to: part.to },
      ].filter(({ from, to }) => from < to)
    })
  return left
}

/** A stretch with the components (`kind.meter`) that are sold in it. */
export interface Offer extends Interval {
  offered: ReadonlySet<string>
}
interface Sold {
  spans: readonly OpenInterval[]
  sold: ReadonlySet<string>
}
/** What books sell while they are had; stretches in order, without a gap. */
export function offersOf(books: readonly Sold[], interval: Interval): Offer[] {
  const bounds = books.flatMap(({ spans }) =>
    spans.flatMap(({ from, to }) => [from ?? interval.from, to ?? interval.to]),
  )
  return splitAt(interval, bounds).map((part) => ({
    ...part,
    offered: new Set(
      books.flatMap(({ spans, sold }) => (spans.some((span) => intersect(span, part)) ? [...sold] : [])),
    ),
  }))
}
