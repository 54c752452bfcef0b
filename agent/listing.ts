/** Cuts whole listings into the facts of the wire: parts, or `unchanged` when its digest is that of the last one. */
import { randomUUID } from 'node:crypto'
import type { Listing, Observation, Scope, SnapshotPart, SnapshotUnchanged } from '#connectors/contract.ts'
import { ConnectorError, LIMITS, listingDigest } from '#connectors/wire.ts'
import type { z } from 'zod'
import { observationShape } from './observation.ts'

type ListingFact = z.input<typeof SnapshotPart> | z.input<typeof SnapshotUnchanged>

export interface SourceOfListing {
  id: string
  interval_ms: number
}

interface Known {
  resources: Observation[]
  complete: boolean
  digest: string
}

const scopeText = ({ kind, external_id }: Scope) => `${kind}\n${external_id}`

function checked(listing: Listing): Observation[] {
  const { resources, scope } = listing
  if (resources.length > LIMITS.rowsPerSnapshot)
    throw new ConnectorError(
      'limit',
      `the ${scope.kind} ${scope.external_id} has ${resources.length} resources, and a listing holds at most ${LIMITS.rowsPerSnapshot}`,
      'Divide the scope: make several sources that each cover a part of it.',
    )
  return resources.map((resource) => {
    try {
      return observationShape(resource)
    } catch (error) {
      throw new ConnectorError(
        'bad_answer',
        `the connector described ${resource.kind} ${resource.external_id} wrongly: ${error instanceof Error ? error.message : error}`,
        'This is a fault of the connector: report it to the project with this message.',
      )
    }
  })
}

const common = ({ id, interval_ms }: SourceOfListing, { seen_at_ms, scope, complete }: Listing, digest: string) => ({
  source: id,
  seen_at_ms,
  scope,
  complete,
  interval_ms,
  digest,
})

export class Listings {
  /** source → scope → digest that the control plane was told last */
  #told = new Map<string, Map<string, string>>()
  /** by the very array: a connector that gives the same one again, unchanged, isn't read through again */
  #known = new WeakMap<Listing['resources'], Known>()

  cut(source: SourceOfListing, listing: Listing): ListingFact[] {
    const told = this.#of(source.id)
    const scope = scopeText(listing.scope)
    const { resources, digest } = this.#read(listing)
    if (told.get(scope) === digest) return [{ type: 'unchanged', ...common(source, listing, digest) }]
    told.set(scope, digest)
    return this.#parts(source, listing, resources, digest)
  }

  /** The control plane doesn't hold these: their scopes are listed whole at the next tick. */
  forget(digests: readonly string[]): void {
    const unknown = new Set(digests)
    for (const told of this.#told.values())
      for (const [scope, digest] of told) if (unknown.has(digest)) told.delete(scope)
  }

  forgetSource(source: string): void {
    this.#told.delete(source)
  }

  #read(listing: Listing): Known {
    const known = this.#known.get(listing.resources)
    if (known && known.complete === listing.complete) return known
    const resources = checked(listing)
    const { complete } = listing
    const read = { resources, complete, digest: listingDigest(resources, complete) }
    this.#known.set(listing.resources, read)
    return read
  }

  #of(source: string): Map<string, string> {
    const told = this.#told.get(source) ?? new Map<string, string>()
    this.#told.set(source, told)
    return told
  }

  #parts(source: SourceOfListing, listing: Listing, resources: Observation[], digest: string): ListingFact[] {
    const parts = Math.max(1, Math.ceil(resources.length / LIMITS.rowsPerPart))
    const snapshot = randomUUID()
    return Array.from({ length: parts }, (_, part) => ({
      type: 'snapshot',
      ...common(source, listing, digest),
      snapshot,
      part,
      parts,
      resources: resources.slice(part * LIMITS.rowsPerPart, (part + 1) * LIMITS.rowsPerPart),
    }))
  }
}
