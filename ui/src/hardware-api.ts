/** Hardware at the control plane: parts by their serial, what is said of them, and racks. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/solid-query'
import type { z } from 'zod'
import type * as Hardware from '#control-plane/hardware/contract.ts'
import type { Page } from '#control-plane/http/contract.ts'
import { get, make, patch, request, type Values } from './request.ts'

export type Part = Hardware.Part
export type PartState = Hardware.PartState
export type PartEntry = Hardware.PartEntry
export type PartHistory = Hardware.PartHistory
export type NewPartEntries = z.input<typeof Hardware.NewPartEntries>
export type Rack = Hardware.Rack
export type RackDetail = Hardware.RackDetail
export type RackMount = Hardware.RackMount
export type ToldPlace = Hardware.ToldPlace
export interface PartNames {
  type: string
  serial: string
}

const partPath = ({ type, serial }: PartNames) =>
  `/hardware/parts/${encodeURIComponent(type)}/${encodeURIComponent(serial)}`

export const hardwareApi = {
  parts: (query: Values, signal?: AbortSignal) => get<Page<Part>>('/hardware/parts', query, signal),
  part: (part: PartNames) => get<PartHistory>(partPath(part)),
  sayOfParts: (said: NewPartEntries) => make<{ items: PartEntry[] }>('/hardware/entries', said),
  withdrawPartEntry: (id: string) => request<void>('DELETE', `/hardware/entries/${id}`),
  racks: () => get<{ items: Rack[] }>('/hardware/racks'),
  rack: (id: string) => get<RackDetail>(`/hardware/racks/${id}`),
  addRack: (rack: z.input<typeof Hardware.NewRack>) => make<Rack>('/hardware/racks', rack),
  changeRack: (id: string, change: Hardware.RackChange) => patch<Rack>(`/hardware/racks/${id}`, change),
  mountsOf: (resource_id: string) => get<{ items: RackMount[] }>('/hardware/mounts', { resource_id }),
  mount: (wanted: z.input<typeof Hardware.NewRackMount>) => make<RackMount>('/hardware/mounts', wanted),
  unmount: (id: string, at?: string) =>
    request<void>('DELETE', `/hardware/mounts/${id}`, at === undefined ? {} : { query: { at } }),
}

const PAGE_SIZE = 100
export const hardwareQueries = {
  parts: (values: Values) =>
    infiniteQueryOptions({
      queryKey: ['parts', 'list', values],
      queryFn: ({ pageParam, signal }) => hardwareApi.parts({ ...values, cursor: pageParam, limit: PAGE_SIZE }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
      reconcile: false as const,
    }),
  part: (part: PartNames) =>
    queryOptions({
      queryKey: ['parts', 'one', part.type, part.serial],
      queryFn: () => hardwareApi.part(part),
      reconcile: false as const,
    }),
  racks: () => queryOptions({ queryKey: ['racks', 'list'], queryFn: hardwareApi.racks }),
  rack: (id: string) =>
    queryOptions({ queryKey: ['racks', 'one', id], queryFn: () => hardwareApi.rack(id), reconcile: false as const }),
  mountsOf: (resource: string) =>
    queryOptions({ queryKey: ['racks', 'of', resource], queryFn: () => hardwareApi.mountsOf(resource) }),
}
