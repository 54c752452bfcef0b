/** The columns of the resource table: what each shows, how wide it is, and by which field the server sorts it. */
import { A } from '@solidjs/router'
import { columnVisibilityFeature, createColumnHelper, tableFeatures } from '@tanstack/solid-table'
import Eye from 'lucide-solid/icons/eye'
import TriangleAlert from 'lucide-solid/icons/triangle-alert'
import { Show } from 'solid-js'
import type { Resource } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Sparkline } from '../kit/sparkline.tsx'
import { paths, type ResourceFilter } from '../paths.ts'
import { LimitWarning } from './limit-state.tsx'
import { Bytes, Count, HourlyCost, Nothing } from './quantity.tsx'
import { ResourceState } from './state.tsx'

export type ColumnId =
  | 'name'
  | 'kind'
  | 'state'
  | 'host'
  | 'owner'
  | 'project'
  | 'vcpu'
  | 'memory'
  | 'disk'
  | 'load'
  | 'cost'
  | 'realm'
  | 'first_seen'

interface Layout {
  width: number
  numeric?: boolean
  sort?: NonNullable<ResourceFilter['sort']>
  /** the order that is asked for first; default: ascending */
  first?: 'desc'
}
export const LAYOUT: Record<ColumnId, Layout> = {
  name: { width: 172, sort: 'name' },
  kind: { width: 140, sort: 'kind' },
  state: { width: 104, sort: 'state' },
  host: { width: 104 },
  owner: { width: 168 },
  project: { width: 120 },
  vcpu: { width: 64, numeric: true, sort: 'vcpu_count' },
  memory: { width: 88, numeric: true, sort: 'memory_bytes' },
  disk: { width: 92, numeric: true, sort: 'disk_bytes' },
  load: { width: 100 },
  cost: { width: 100, numeric: true, sort: 'cost', first: 'desc' },
  realm: { width: 140 },
  first_seen: { width: 170, sort: 'first_seen_at' },
}
export const HIDDEN_AT_FIRST: ColumnId[] = ['realm', 'first_seen']

export const features = tableFeatures({ columnVisibilityFeature })
const helper = createColumnHelper<typeof features, Resource>()

export const resourceColumns = helper.columns([
  helper.display({ id: 'name', enableHiding: false, cell: ({ row }) => <Name resource={row.original} /> }),
  helper.display({ id: 'kind', cell: ({ row }) => t(`kind.${row.original.kind}`) }),
  helper.display({
    id: 'state',
    cell: ({ row }) => <ResourceState state={row.original.state} ended={row.original.ended_at !== null} />,
  }),
  helper.display({ id: 'host', cell: ({ row }) => <Host resource={row.original} /> }),
  helper.display({ id: 'owner', cell: ({ row }) => row.original.owner?.account_name ?? <Nothing /> }),
  helper.display({ id: 'project', cell: ({ row }) => row.original.owner?.project_name ?? <Nothing /> }),
  helper.display({ id: 'vcpu', cell: ({ row }) => <Count value={row.original.size.vcpu_count} /> }),
  helper.display({ id: 'memory', cell: ({ row }) => <Bytes value={row.original.size.memory_bytes} /> }),
  helper.display({ id: 'disk', cell: ({ row }) => <Bytes value={row.original.size.disk_bytes} /> }),
  helper.display({ id: 'load', cell: ({ row }) => <Load values={row.original.sparkline} /> }),
  helper.display({ id: 'cost', cell: ({ row }) => <HourlyCost cost={row.original.cost_per_hour} none="–" /> }),
  helper.display({ id: 'realm', cell: ({ row }) => row.original.realm }),
  helper.display({ id: 'first_seen', cell: ({ row }) => say.instant(row.original.first_seen_at) }),
])

const Name = (props: { resource: Resource }) => (
  <span class="flex min-w-0 items-center gap-1.5">
    <A href={paths.resource(props.resource.id)} class="truncate rounded font-medium text-text hover:text-accent-text">
      {props.resource.name}
    </A>
    <Show when={props.resource.conflict}>
      <TriangleAlert size={14} class="shrink-0 text-warn-mark" role="img" aria-label={t('resources.conflict')} />
    </Show>
    <LimitWarning state={props.resource.usage_state} />
    <Show when={eyesText(props.resource)}>
      {(text) => (
        <span class="inline-flex shrink-0 items-center gap-1 text-xs text-muted" title={text()}>
          <Eye size={14} role="img" aria-label={text()} />
          {props.resource.same_as.length + 1}
        </span>
      )}
    </Show>
  </span>
)

/** Who else sees the machine, or as what it is billed; '' where nobody else does. */
function eyesText({ covered_by, same_as }: Resource): string {
  if (covered_by) return t('resources.billed_as', { name: covered_by.name })
  return same_as.length === 0 ? '' : t('resources.eyes', { names: same_as.map(eyeName).join(', ') })
}
const eyeName = ({ kind, name, source }: Resource['same_as'][number]) =>
  `${t(`kind.${kind}`)} ${name} (${source.connector} · ${source.agent_name})`

const Host = (props: { resource: Resource }) => (
  <Show when={props.resource.host} fallback={<Nothing />}>
    {(host) => (
      <Show when={host().id} fallback={host().name}>
        {(id) => (
          <A href={paths.resource(id())} class="link text-text">
            {host().name}
          </A>
        )}
      </Show>
    )}
  </Show>
)

function Load(props: { values: readonly (number | null)[] }) {
  const known = () => props.values.filter((value) => value !== null)
  const label = () =>
    t('resources.load_summary', {
      min: say.percent(Math.min(...known())),
      max: say.percent(Math.max(...known())),
      last: say.percent(known().at(-1) ?? 0),
    })
  return (
    <Show when={known().length > 0} fallback={<Nothing />}>
      <Sparkline values={props.values} label={label()} />
    </Show>
  )
}
