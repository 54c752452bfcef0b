/** Price versions as rating takes them: one that changes nothing is no change. Pure. */
import { canonical } from '#connectors/contract.ts'
import type { PriceRow } from '../catalog/contract.ts'

const said = ({ id: _id, effective_at: _from, ends_at: _to, ...rest }: PriceRow): string => canonical(rest)

/** Versions of one price that follow each other and say the same are one, under the id of the first. */
export function merged(prices: readonly PriceRow[]): PriceRow[] {
  const out: PriceRow[] = []
  for (const price of prices.toSorted((a, b) => a.effective_at - b.effective_at)) {
    const before = out.findIndex((one) => one.ends_at === price.effective_at && said(one) === said(price))
    const known = out[before]
    if (known) out[before] = { ...known, ends_at: price.ends_at }
    else out.push(price)
  }
  return out
}
