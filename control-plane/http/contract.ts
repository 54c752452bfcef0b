/** Shapes that every route shares: instants, pages, problems. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'

/** ISO 8601 in UTC with milliseconds on the way out; any offset on the way in. */
export const InstantText = z.iso
  .datetime({ offset: true, precision: undefined })
  .refine((text) => InstantMs.safeParse(Date.parse(text)).success, 'must lie in the years 1970 to 9999')
  .meta({ example: '2026-11-01T00:00:00.000Z' })
export const Id = z.uuid()
/** Decimal text of money in major units; its currency stands beside it. */
export const Amount = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ example: '41.37' })
export const CurrencyCode = z
  .string()
  .regex(/^[A-Z]{3}$/)
  .meta({ example: 'EUR' })

export const PageQuery = z.object({
  cursor: z.string().max(4_096).optional().meta({ description: '`next_cursor` of the page before' }),
  limit: z.coerce.number().int().min(1).max(500).default(50),
})
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable(), total: z.int().nullable() })
export interface Page<T> {
  items: T[]
  /** null on the last page */
  next_cursor: string | null
  /** rows that match, over all pages; null where counting costs too much */
  total: number | null
}

export const ProblemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    request_id: z.string().meta({ description: 'quote it to support' }),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type ProblemBody = z.infer<typeof ProblemBody>
