/** The units of a rack from the top: what stands on each, and which are free. */
import type { RackMount, ToldPlace } from '../hardware-api.ts'

type Standing = Pick<RackMount, 'unit' | 'height_units'>
export interface UnitRow<M extends Standing> {
  unit: number
  /** what begins here, seen from above; null: the unit is free; undefined: what began above goes on */
  mount: M | null | undefined
}

export const unitsText = ({ unit, height_units }: Standing): string =>
  height_units === 1 ? `U${unit}` : `U${unit}–U${unit + height_units - 1}`

/** `MAD1 · A-07 · U12` of what a BMC says. */
export const toldText = ({ site, row, rack, unit }: ToldPlace): string =>
  [site, row, rack, unit === null ? null : `U${unit}`].filter(Boolean).join(' · ')

export function unitRows<M extends Standing>(unitCount: number, mounts: readonly M[]): UnitRow<M>[] {
  return Array.from({ length: unitCount }, (_, index) => {
    const unit = unitCount - index
    const mount = mounts.find((one) => one.unit <= unit && unit < one.unit + one.height_units)
    if (!mount) return { unit, mount: null }
    return { unit, mount: unit === mount.unit + mount.height_units - 1 ? mount : undefined }
  })
}

/** The lowest unit from which so many are free; undefined: there is none. */
export function freeUnit(unitCount: number, mounts: readonly Standing[], height: number): number | undefined {
  const free = new Set(unitRows(unitCount, mounts).flatMap(({ unit, mount }) => (mount === null ? [unit] : [])))
  return [...free]
    .toSorted((a, b) => a - b)
    .find((unit) => Array.from({ length: height }, (_, index) => unit + index).every((one) => free.has(one)))
}
