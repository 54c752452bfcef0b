/** Units of racks: what is free, what overlaps, and whether a BMC says another place. Pure. */
import { z } from 'zod'
import type { Instant } from '../../base/time.ts'
import type { ToldPlace } from '../contract.ts'

/** Units from `unit` upwards, in [mounted_at, unmounted_at). */
export interface Standing {
  unit: number
  height_units: number
  mounted_at: Instant
  unmounted_at: Instant | null
}
export const topOf = ({ unit, height_units }: Pick<Standing, 'unit' | 'height_units'>): number =>
  unit + height_units - 1
export const unitsText = (standing: Pick<Standing, 'unit' | 'height_units'>): string =>
  standing.height_units === 1 ? `U${standing.unit}` : `U${standing.unit}–U${topOf(standing)}`

/** Whether two stand somewhere at one time. */
export const meetInTime = (
  a: Pick<Standing, 'mounted_at' | 'unmounted_at'>,
  b: Pick<Standing, 'mounted_at' | 'unmounted_at'>,
): boolean => a.mounted_at < (b.unmounted_at ?? Infinity) && b.mounted_at < (a.unmounted_at ?? Infinity)
/** Whether two take a unit of one rack at one time. */
export const overlap = (a: Standing, b: Standing): boolean =>
  meetInTime(a, b) && a.unit <= topOf(b) && b.unit <= topOf(a)

const Text = z.string().trim().min(1).nullish().catch(null)
const Location = z.object({ site: Text, row: Text, rack: Text, unit: z.int().nullish().catch(null) })
/** What the attributes of a machine say of its place; null: nothing. */
export function toldIn(attributes: Readonly<Record<string, unknown>>): ToldPlace | null {
  const { data } = Location.safeParse(attributes['location'])
  if (!data) return null
  const told = { site: data.site ?? null, row: data.row ?? null, rack: data.rack ?? null, unit: data.unit ?? null }
  return Object.values(told).every((one) => one === null) ? null : told
}

const isOther = (told: string | null, known: string): boolean =>
  told !== null && told.toLowerCase() !== known.trim().toLowerCase()
/** What a BMC leaves out contradicts nothing; it may name any unit that the machine takes. */
export const differs = (
  told: ToldPlace | null,
  rack: { site: string; name: string },
  standing: Pick<Standing, 'unit' | 'height_units'>,
): boolean =>
  told !== null &&
  (isOther(told.site, rack.site) ||
    isOther(told.rack, rack.name) ||
    (told.unit !== null && (told.unit < standing.unit || told.unit > topOf(standing))))
/** Whether a BMC says that its machine stands in this rack: its name, and no other site. */
export const isToldHere = (told: ToldPlace | null, rack: { site: string; name: string }): told is ToldPlace =>
  told !== null && told.rack !== null && !isOther(told.rack, rack.name) && !isOther(told.site, rack.site)
