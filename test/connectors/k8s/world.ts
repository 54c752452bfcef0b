/** A cluster's etcd: objects with their versions, what happened to them, and what of it is forgotten. */
import { randomUUID } from 'node:crypto'

export interface Meta {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  creationTimestamp: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: Record<string, unknown>[]
  managedFields?: unknown[]
}
/** As the API gives it; nothing of it is changed in place, so that a list stays what it was. */
export interface Thing {
  apiVersion: string
  kind: string
  metadata: Meta
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
}
export interface Happened {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** `group/resource`; the core group is empty */
  of: string
  revision: number
  object: Thing
}

/** What this API server serves: Kubernetes' own names. */
export const TYPES: Readonly<Record<string, { kind: string; apiVersion: string; namespaced: boolean }>> = {
  '/namespaces': { kind: 'Namespace', apiVersion: 'v1', namespaced: false },
  '/nodes': { kind: 'Node', apiVersion: 'v1', namespaced: false },
  '/persistentvolumes': { kind: 'PersistentVolume', apiVersion: 'v1', namespaced: false },
  '/pods': { kind: 'Pod', apiVersion: 'v1', namespaced: true },
  '/persistentvolumeclaims': { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespaced: true },
  '/services': { kind: 'Service', apiVersion: 'v1', namespaced: true },
  'apps/deployments': { kind: 'Deployment', apiVersion: 'apps/v1', namespaced: true },
  'apps/statefulsets': { kind: 'StatefulSet', apiVersion: 'apps/v1', namespaced: true },
  'apps/daemonsets': { kind: 'DaemonSet', apiVersion: 'apps/v1', namespaced: true },
  'batch/jobs': { kind: 'Job', apiVersion: 'batch/v1', namespaced: true },
  'batch/cronjobs': { kind: 'CronJob', apiVersion: 'batch/v1', namespaced: true },
}

/** Kubernetes' instants are whole seconds. */
export const second = (at_ms: number): string => new Date(at_ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
const idOf = ({ metadata: { namespace, name } }: Thing): string =>
  namespace === undefined ? name : `${namespace}/${name}`

interface Made {
  name: string
  namespace?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: Record<string, unknown>[]
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
  created_ms?: number
  uid?: string
  managedFields?: unknown[]
}

export class World {
  readonly uid: string
  readonly #things = new Map<string, Map<string, Thing>>()
  readonly #listeners = new Set<(happened: Happened) => void>()
  /** what a watch may still go on from */
  #log: Happened[] = []
  #forgotten = 0
  revision = 1_000

  constructor() {
    this.uid = randomUUID()
    this.make('/namespaces', { name: 'kube-system', uid: this.uid, status: { phase: 'Active' } })
  }

  all(of: string): Thing[] {
    return [...(this.#things.get(of)?.values() ?? [])]
  }
  get(of: string, id: string): Thing | undefined {
    return this.#things.get(of)?.get(id)
  }
  sure(of: string, id: string): Thing {
    const found = this.get(of, id)
    if (!found) throw new Error(`there is no ${of} ${id}`)
    return found
  }

  make(of: string, { spec, status, created_ms = Date.now(), uid = randomUUID(), ...meta }: Made): Thing {
    const type = TYPES[of]
    if (!type) throw new Error(`there is no type ${of}`)
    const metadata = { ...meta, uid, resourceVersion: '', creationTimestamp: second(created_ms) }
    const thing: Thing = {
      apiVersion: type.apiVersion,
      kind: type.kind,
      metadata,
      ...(spec && { spec }),
      ...(status && { status }),
    }
    if (this.get(of, idOf(thing))) throw new Error(`${of} ${idOf(thing)} already exists`)
    return this.#commit('ADDED', of, thing)
  }

  /** Parts of an object: `metadata`, `spec` and `status` are merged one level deep. */
  change(of: string, id: string, parts: { metadata?: Partial<Meta>; spec?: object; status?: object }): Thing {
    const before = this.sure(of, id)
    return this.#commit('MODIFIED', of, {
      ...before,
      metadata: { ...before.metadata, ...parts.metadata },
      ...((before.spec ?? parts.spec) && { spec: { ...before.spec, ...parts.spec } }),
      ...((before.status ?? parts.status) && { status: { ...before.status, ...parts.status } }),
    })
  }

  remove(of: string, id: string): void {
    this.#commit('DELETED', of, this.sure(of, id))
  }

  #commit(type: Happened['type'], of: string, object: Thing): Thing {
    this.revision += 1
    const thing: Thing = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.revision) } }
    const things = this.#things.get(of) ?? new Map<string, Thing>()
    this.#things.set(of, things)
    if (type === 'DELETED') things.delete(idOf(thing))
    else things.set(idOf(thing), thing)
    const happened = { type, of, revision: this.revision, object: thing }
    this.#log.push(happened)
    for (const listener of this.#listeners) listener(happened)
    return thing
  }

  /** As etcd's compaction: no watch can go on from before now. */
  forget(): void {
    this.#log = []
    this.#forgotten = this.revision
  }
  /** What happened since that version; null where a part of it is forgotten. */
  since(revision: number, of: string): Happened[] | null {
    if (revision < this.#forgotten) return null
    return this.#log.filter((one) => one.of === of && one.revision > revision)
  }
  listen(listener: (happened: Happened) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
