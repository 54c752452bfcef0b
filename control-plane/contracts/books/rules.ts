/** Which of a contract's price books come before which, and how assignments of books change: pure. */
import { Problem } from '../../base/problem.ts'
import type { Instant, OpenInterval } from '../../base/time.ts'
import type { NegotiatedFor } from '../../catalog/contract.ts'

interface Assigned {
  price_book_id: string
  negotiated_for: NegotiatedFor
  valid_from: Instant
  valid_to: Instant | null
}
/** A price book with the stretches in which a contract has it. */
export interface HeldBook {
  price_book_id: string
  spans: OpenInterval[]
}

/** What was negotiated with one customer goes before what a group has. */
const ORDER: readonly NegotiatedFor[] = ['customer', 'group']

/** The most specific first; the contract's own, which it has all the time, comes last. */
export function inOrder(assigned: readonly Assigned[], own: string): HeldBook[] {
  const books = ORDER.flatMap((rank) =>
    [
      ...Map.groupBy(
        assigned.filter((one) => one.negotiated_for === rank),
        (one) => one.price_book_id,
      ),
    ].map(([price_book_id, rows]) => ({
      price_book_id,
      spans: rows.map(({ valid_from: from, valid_to: to }) => ({ from, to })),
    })),
  )
  return [...books, { price_book_id: own, spans: [{ from: null, to: null }] }]
}

export const taken = (rank: NegotiatedFor): Problem =>
  new Problem(
    'conflict',
    `Another book of a ${rank} holds for this contract in a part of that time: end that one first, or choose another time.`,
    [{ pointer: '/from', detail: 'overlaps another book' }],
  )
