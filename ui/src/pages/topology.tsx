/** Realms, clusters, hosts, machines and their parts as one tree, of which only what is opened is asked for. */
import { A, useNavigate, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import ArrowUpRight from 'lucide-solid/icons/arrow-up-right'
import Network from 'lucide-solid/icons/network'
import { createResource, createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type TopologyNode, type TopologyRealm } from '../api.ts'
import { t } from '../i18n/language.ts'
import { STATE_TONES } from '../i18n/words.ts'
import { Status } from '../kit/badge.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Tree } from '../kit/tree.tsx'
import { BackLink } from '../parts/back.tsx'
import { Load, ProblemNote } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { kindText } from '../parts/rule-text.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const AT_ONCE = 100
type Under = { realm: string } | { under: string }
/** A row: a realm, a resource, or what stands for more of them. */
interface Item {
  id: string
  of: { realm: TopologyRealm } | { node: TopologyNode } | { more: Under; id: string; cursor: string }
  children?: (() => readonly Item[] | undefined) | undefined
}
interface Loaded {
  items: Item[]
  next: string | null
}

const realmId = (realm: string) => `realm ${realm}`

/** What was asked for, by the id under which it stands. */
function createNodes() {
  const [loaded, setLoaded] = createStore<Record<string, Loaded>>({})
  const [failed, setFailed] = createSignal<unknown>()
  const itemOf = (node: TopologyNode): Item => ({
    id: node.id,
    of: { node },
    ...(node.total > 0 && { children: () => shown(node.id, { under: node.id }) }),
  })
  const shown = (id: string, under: Under): readonly Item[] | undefined => {
    const found = loaded[id]
    if (!found) return undefined
    if (found.next === null) return found.items
    return [...found.items, { id: `${id} more`, of: { more: under, id, cursor: found.next } }]
  }
  const load = async (id: string, under: Under, cursor = ''): Promise<void> => {
    if (loaded[id] && cursor === '') return
    try {
      const page = await api.topologyNodes({ ...under, cursor, limit: AT_ONCE })
      const before = cursor === '' ? [] : (loaded[id]?.items ?? [])
      setLoaded(id, { items: [...before, ...page.items.map(itemOf)], next: page.next_cursor })
      setFailed(undefined)
    } catch (error) {
      setFailed(error)
    }
  }
  const realmOf = (realm: TopologyRealm): Item => ({
    id: realmId(realm.realm),
    of: { realm },
    children: () => shown(realmId(realm.realm), { realm: realm.realm }),
  })
  const open = (item: Item) => {
    if ('realm' in item.of) void load(item.id, { realm: item.of.realm.realm })
    else if ('node' in item.of) void load(item.id, { under: item.id })
  }
  return { load, realmOf, open, failed }
}

/** What is open at first: the way down to what the address names; false where that isn't there. */
async function openWay(at: string, load: ReturnType<typeof createNodes>['load']): Promise<string[] | false> {
  if (at === '') return []
  try {
    const { realm, ids } = await api.wayTo(at)
    await load(realmId(realm), { realm })
    const above = ids.slice(0, -1)
    for (const id of above) await load(id, { under: id })
    return [realmId(realm), ...above]
  } catch {
    return false
  }
}

export default function Topology() {
  const [search, setSearch] = useSearchParams()
  const at = typeof search['at'] === 'string' ? search['at'] : ''
  const nodes = createNodes()
  const navigate = useNavigate()
  const query = useQuery(() => queries.topology())
  const [way] = createResource(() => openWay(at, nodes.load))
  return (
    <Page
      title={t('topology.title')}
      lead={t('topology.lead')}
      above={<BackLink href={paths.resources()} label={t('nav.resources')} />}
      curl={['/topology', '/topology/nodes']}
    >
      <Show when={way() === false}>
        <p class="m-0 mb-3 text-sm text-warn">{t('topology.not_there')}</p>
      </Show>
      <Show when={nodes.failed()}>{(error) => <ProblemNote error={error()} />}</Show>
      <div class="card min-w-0 overflow-hidden">
        <Load query={query}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={
                <EmptyState icon={<Network size={20} />} title={t('topology.empty')} text={t('topology.empty_text')} />
              }
            >
              <Show when={way() !== undefined} fallback={<p class="m-0 p-4 text-muted">{t('topology.loading')}</p>}>
                <Tree<Item>
                  label={t('topology.title')}
                  nodes={data().items.map(nodes.realmOf)}
                  open={way() || []}
                  current={way() ? at || undefined : undefined}
                  onOpen={(item) => {
                    if ('node' in item.of) setSearch({ at: item.id }, { replace: true, scroll: false })
                    nodes.open(item)
                  }}
                  onEnter={(item) => {
                    if ('node' in item.of) navigate(paths.resource(item.id))
                    else if ('more' in item.of) void nodes.load(item.of.id, item.of.more, item.of.cursor)
                  }}
                  row={(item) => <Row item={item} marked={item.id === at} onMore={nodes.load} />}
                />
              </Show>
            </Show>
          )}
        </Load>
      </div>
    </Page>
  )
}

const Counts = (props: { of: { total: number; running: number; stopped: number } }) => (
  <span class="tabular flex flex-wrap gap-x-2 text-xs text-muted">
    <span>{t('topology.under', props.of.total)}</span>
    <Show when={props.of.running > 0}>
      <span class="text-ok">{t('topology.running', props.of.running)}</span>
    </Show>
    <Show when={props.of.stopped > 0}>
      <span>{t('topology.stopped', props.of.stopped)}</span>
    </Show>
  </span>
)

function Row(props: {
  item: Item
  /** what the address names */
  marked: boolean
  onMore: (id: string, under: Under, cursor: string) => Promise<void>
}) {
  const { of } = props.item
  if ('more' in of)
    return (
      <button
        type="button"
        class="link text-[0.8125rem]"
        onClick={(event) => {
          event.stopPropagation()
          void props.onMore(of.id, of.more, of.cursor)
        }}
      >
        {t('topology.more')}
      </button>
    )
  if ('realm' in of)
    return (
      <span class="flex flex-wrap items-baseline gap-x-3">
        <span class="font-medium break-all">{of.realm.realm}</span>
        <span class="text-xs text-faint">{of.realm.connectors.join(', ')}</span>
        <Counts of={of.realm} />
      </span>
    )
  const { node } = of
  return (
    <span class="flex flex-wrap items-center gap-x-3 gap-y-0.5">
      <span class={`min-w-0 break-all ${props.marked ? 'font-semibold text-accent-text' : 'font-medium'}`}>
        {node.name}
      </span>
      <span class="text-xs text-faint">{kindText(node.kind)}</span>
      <Status tone={STATE_TONES[node.state]}>{t(`state.${node.state}`)}</Status>
      <Show when={node.total > 0}>
        <Counts of={node} />
      </Show>
      <A
        href={paths.resource(node.id)}
        aria-label={t('topology.open', { name: node.name })}
        title={t('topology.open', { name: node.name })}
        class="rounded text-muted hover:text-accent-text"
        onClick={(event) => event.stopPropagation()}
      >
        <ArrowUpRight size={15} />
      </A>
    </span>
  )
}
