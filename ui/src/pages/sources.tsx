/** All sources: found by text and state, in a chosen order, as a file; each opens its own page. */
import { useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import Plug from 'lucide-solid/icons/plug'
import Plus from 'lucide-solid/icons/plus'
import SearchX from 'lucide-solid/icons/search-x'
import { createMemo, Show } from 'solid-js'
import type { Source } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SelectField } from '../kit/field.tsx'
import { links } from '../links.ts'
import { AgentTabs } from '../parts/agent-tabs.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { FilterText } from '../parts/resource-filters.tsx'
import { SourceDialog } from '../parts/source-dialog.tsx'
import { SourceTable } from '../parts/source-table.tsx'
import { queries } from '../queries.ts'

const STATES = ['failing', 'silent', 'waiting', 'paused', 'ok'] as const
const NEVER_MS = Number.MAX_SAFE_INTEGER
const ORDERS: Record<'name' | 'state' | 'lag' | 'resources', (a: Source, b: Source) => number> = {
  name: (a, b) => a.realm.localeCompare(b.realm) || a.connector.localeCompare(b.connector),
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
  lag: (a, b) => (b.lag_ms ?? NEVER_MS) - (a.lag_ms ?? NEVER_MS),
  resources: (a, b) => b.resource_count - a.resource_count,
}
type Order = keyof typeof ORDERS
const ORDER_NAMES = Object.keys(ORDERS) as Order[]

export default function Sources() {
  const [search, setSearch] = useSearchParams()
  const may = createMay()
  const query = useQuery(() => queries.sources())
  const value = (name: string) => {
    const found = search[name]
    return typeof found === 'string' ? found : ''
  }
  const set = (changes: Record<string, string | undefined>) => setSearch(changes, { replace: true })
  const order = () => ORDER_NAMES.find((name) => name === value('sort')) ?? 'state'
  const matches = ({ realm, connector, agent_name, state }: Source) =>
    (!value('state') || state === value('state')) &&
    [realm, connector, agent_name].some((text) => text.toLowerCase().includes(value('q').toLowerCase()))
  const all = () => (query.status === 'success' ? (query.data?.items ?? []) : [])
  const shown = createMemo(() =>
    all()
      .filter(matches)
      .toSorted((a, b) => ORDERS[order()](a, b) || ORDERS.name(a, b)),
  )
  const add = () => setSearch({ add: '1' })
  return (
    <Page
      title={t('agents.sources')}
      lead={t('sources.lead')}
      curl={['/sources', '/sources.csv']}
      actions={
        <>
          <a class={buttonClass()} href={links.sources} download="sources.csv" rel="external">
            <Download size={16} /> {t('sources.csv')}
          </a>
          <Button variant="primary" icon={<Plus size={16} />} onClick={add} {...may('agents.write')}>
            {t('sources.add')}
          </Button>
        </>
      }
    >
      <AgentTabs />
      <Load query={query}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<None onAdd={add} />}>
            <div class="mb-3 flex flex-wrap items-end gap-2">
              <FilterText label={t('sources.filter')} value={value('q')} onChange={(q) => set({ q: q || undefined })} />
              <SelectField
                label={t('sources.state_filter')}
                hideLabel
                value={value('state')}
                options={[
                  { value: '', label: t('sources.all_states') },
                  ...STATES.map((state) => ({ value: state, label: t(`sources.${state}`) })),
                ]}
                onChange={(state) => set({ state: state || undefined })}
              />
              <SelectField
                label={t('sources.sort')}
                hideLabel
                value={order()}
                options={ORDER_NAMES.map((name) => ({ value: name, label: t(`sources.sort_${name}`) }))}
                onChange={(sort) => set({ sort })}
              />
              <span class="tabular ml-auto py-2 text-[0.8125rem] text-muted">{t('sources.count', shown().length)}</span>
            </div>
            <section class="card min-w-0">
              <Show when={shown().length > 0} fallback={<NoMatch />}>
                <SourceTable sources={shown()} />
              </Show>
            </section>
          </Show>
        )}
      </Load>
      <Show when={search['add']}>
        <SourceDialog onClose={() => set({ add: undefined })} />
      </Show>
    </Page>
  )
}

const NoMatch = () => (
  <EmptyState icon={<SearchX size={20} />} title={t('sources.none_match')} text={t('sources.none_match_text')} />
)
const None = (props: { onAdd: () => void }) => (
  <EmptyState
    icon={<Plug size={20} />}
    title={t('sources.empty')}
    text={t('sources.empty_text')}
    action={<Button onClick={() => props.onAdd()}>{t('sources.add')}</Button>}
  />
)
