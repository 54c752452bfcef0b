/** Words of hardware: parts by their serial wherever they lie, what people say of them, and racks with what stands in them. */
import { z } from 'zod'
import { Kind, State } from '#connectors/contract.ts'
import { Id, InstantText, page, PageQuery } from '../http/contract.ts'

const PRINTED = /^[^\p{Cc}]*$/u
/** One line, which may be empty. */
const line = (max: number) => z.string().trim().max(max).regex(PRINTED, 'must be one line without control characters')
const word = (max: number) => line(max).min(1)

/** As connectors name them, and no slash: `type/serial` is what a part is known by. */
export const PartType = z
  .string()
  .trim()
  .toLowerCase()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, 'must be one word, such as cpu, dimm, disk, nic or psu')
  .meta({ example: 'disk' })
export const Serial = word(128).meta({ example: 'S3Z8NX0K500123' })

export const PART_STATES = ['installed', 'in_stock', 'retired', 'missing'] as const
export const PartState = z.enum(PART_STATES).meta({
  description: '`missing`: neither a source nor a person says where it is since a source stopped seeing it',
})
export type PartState = z.infer<typeof PartState>
export const PART_CONFLICTS = ['two_machines', 'said_retired', 'said_in_stock'] as const
const PartConflict = z.enum(PART_CONFLICTS).nullable().meta({
  description: 'a source sees it installed, and another in another machine or a person elsewhere',
})
export type PartConflict = z.infer<typeof PartConflict>

const Machine = z.object({
  id: Id.nullable().meta({ description: 'null: what holds it is not known as a resource' }),
  name: z.string(),
})
export type Machine = z.infer<typeof Machine>
const Whereabouts = {
  state: PartState,
  machine: Machine.nullable(),
  slot: z.string().nullable(),
  site: z.string(),
  place: z.string().meta({ description: 'the shelf of a part in stock, the rack of one that is installed' }),
  conflict: PartConflict,
}
export const Part = z
  .object({
    type: z.string(),
    serial: z.string(),
    model: z.string().nullable(),
    manufacturer: z.string().nullable(),
    health: z.string().nullable().meta({ description: 'as its source last said; null: it says none' }),
    resource_id: Id.nullable().meta({ description: 'as a source saw it last; null: none ever did' }),
    since: InstantText,
    silent_since: InstantText.nullable().meta({ description: 'its source was not heard since; it may still be there' }),
    ...Whereabouts,
  })
  .meta({ id: 'Part' })
export type Part = z.infer<typeof Part>

export const PART_SORTS = ['serial', 'type', 'model', 'state'] as const
export const PartQuery = PageQuery.extend({
  state: z.string().max(100).optional().meta({ description: 'one or more states, comma-separated' }),
  type: z.string().max(200).optional().meta({ description: 'one or more types, comma-separated' }),
  site: z.string().max(100).optional(),
  q: z.string().max(200).optional().meta({ description: 'part of a serial, a model, or the name of its machine' }),
  sort: z.enum(PART_SORTS).default('serial'),
  order: z.enum(['asc', 'desc']).default('asc'),
})
export type PartQuery = z.infer<typeof PartQuery>
export const PartPage = page(Part)
export const PartKey = z.object({ type: PartType, serial: Serial })
export type PartKey = z.infer<typeof PartKey>

export const ENTRY_STATES = ['in_stock', 'retired'] as const
/** What somebody said of a part: it holds until a source sees the part in a machine, or the next word. */
export const PartEntry = z
  .object({
    id: Id,
    type: z.string(),
    serial: z.string(),
    state: z.enum(ENTRY_STATES),
    model: z.string(),
    manufacturer: z.string(),
    site: z.string(),
    place: z.string(),
    at: InstantText,
    note: z.string(),
    actor: z.string(),
    recorded_at: InstantText,
  })
  .meta({ id: 'PartEntry' })
export type PartEntry = z.infer<typeof PartEntry>
const MAX_PARTS_AT_ONCE = 1_000
export const NewPartEntries = z
  .object({
    state: z.enum(ENTRY_STATES),
    at: InstantText.optional().meta({ description: 'since when; default: now' }),
    note: line(500).default(''),
    parts: z
      .array(
        z.object({
          type: PartType,
          serial: Serial,
          model: line(200).default(''),
          manufacturer: line(200).default(''),
          site: line(100).default('').meta({ description: 'of what goes into stock it must be there' }),
          place: line(200).default('').meta({ example: 'Shelf 3' }),
        }),
      )
      .min(1)
      .max(MAX_PARTS_AT_ONCE),
  })
  .meta({ example: { state: 'in_stock', parts: [{ type: 'disk', serial: 'S3Z8', site: 'MAD1', place: 'Shelf 3' }] } })
export type NewPartEntries = z.infer<typeof NewPartEntries>
export const PartEntryList = z.object({ items: z.array(PartEntry) })

export const PartHistory = z
  .object({
    part: Part,
    steps: z
      .array(z.object({ from: InstantText, to: InstantText.nullable(), ...Whereabouts }))
      .meta({ description: 'oldest first, without overlaps' }),
    entries: z.array(PartEntry).meta({ description: 'newest first; those that were taken back are left out' }),
  })
  .meta({ id: 'PartHistory' })
export type PartHistory = z.infer<typeof PartHistory>

export const RACK_UNITS_MAX = 60
const UnitNumber = z.int().min(1).max(RACK_UNITS_MAX)
export const Rack = z
  .object({
    id: Id,
    site: z.string(),
    name: z.string(),
    unit_count: UnitNumber,
    units_taken: z.int(),
    machines: z.int(),
    differences: z.int().meta({ description: 'machines whose BMC says that they stand elsewhere' }),
  })
  .meta({ id: 'Rack' })
export type Rack = z.infer<typeof Rack>
export const RackList = z.object({ items: z.array(Rack) })
export const NewRack = z
  .object({ site: word(100), name: word(100), unit_count: UnitNumber.default(42) })
  .meta({ example: { site: 'MAD1', name: 'A-07', unit_count: 42 } })
export type NewRack = z.infer<typeof NewRack>
export const RackChange = z
  .object({ site: word(100).optional(), name: word(100).optional(), unit_count: UnitNumber.optional() })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
export type RackChange = z.infer<typeof RackChange>

/** Where a BMC says that its machine stands; what it leaves out it doesn't say. */
export const ToldPlace = z
  .object({
    site: z.string().nullable(),
    row: z.string().nullable(),
    rack: z.string().nullable(),
    unit: z.int().nullable(),
  })
  .meta({ id: 'ToldPlace' })
export type ToldPlace = z.infer<typeof ToldPlace>
const RackMachine = z.object({ id: Id, kind: Kind, name: z.string(), state: State, ended: z.boolean() })
export const RackMount = z
  .object({
    id: Id,
    rack: z.object({ id: Id, site: z.string(), name: z.string() }),
    machine: RackMachine,
    unit: UnitNumber.meta({ description: 'the lowest one that it takes, counted from below' }),
    height_units: UnitNumber,
    from: InstantText,
    to: InstantText.nullable(),
    actor: z.string(),
    recorded_at: InstantText,
    told: ToldPlace.nullable(),
    differs: z.boolean().meta({ description: 'its BMC says another place' }),
  })
  .meta({ id: 'RackMount' })
export type RackMount = z.infer<typeof RackMount>
export const RackMountList = z.object({ items: z.array(RackMount) })
export const MountQuery = z.object({ resource_id: Id })
export const NewRackMount = z.object({
  rack_id: Id,
  resource_id: Id.meta({ description: 'a host, or the chassis that several share' }),
  unit: UnitNumber.meta({ description: 'the lowest one that it takes, counted from below' }),
  height_units: UnitNumber.default(1),
  from: InstantText.optional().meta({ description: 'default: now' }),
})
export type NewRackMount = z.infer<typeof NewRackMount>
export const Unmount = z.object({
  at: InstantText.optional().meta({
    description:
      'since when it stands there no more; default: now. The instant from which it stood there: it never did',
  }),
})

export const RackDetail = z
  .object({
    rack: Rack,
    mounts: z.array(RackMount).meta({ description: 'of now, from the top' }),
    told: z.array(z.object({ machine: RackMachine, told: ToldPlace })).meta({
      description: 'machines whose BMC says that they stand here, and of which nobody has said where they do',
    }),
  })
  .meta({ id: 'RackDetail' })
export type RackDetail = z.infer<typeof RackDetail>
