/** All resources in one table: search, sort and filters on the server, and in the address. */
import { A, useSearchParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery } from '@tanstack/solid-query'
import Boxes from 'lucide-solid/icons/boxes'
import Columns3 from 'lucide-solid/icons/columns-3'
import Download from 'lucide-solid/icons/download'
import SearchX from 'lucide-solid/icons/search-x'
import { createMemo, For, Show } from 'solid-js'
import { links } from '../links.ts'
import { withQuery } from '../request.ts'
import { t } from '../i18n/language.ts'
import { KINDS, STATES } from '../i18n/words.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { CheckField } from '../kit/field.tsx'
import { Popover } from '../kit/popover.tsx'
import { SkeletonRows } from '../kit/skeleton.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { ProjectFilter } from '../parts/project-choice.tsx'
import { FilterMany, FilterOne, FilterText } from '../parts/resource-filters.tsx'
import { type ColumnId, HIDDEN_AT_FIRST, LAYOUT } from '../parts/resource-columns.tsx'
import { ResourceTable, type Sorting } from '../parts/resource-table.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { kept } from '../preferences.ts'
import { queries, type ResourceValues } from '../queries.ts'

const COLUMN_IDS = Object.keys(LAYOUT) as ColumnId[]
const isColumns = (value: unknown): value is ColumnId[] =>
  Array.isArray(value) && value.every((id) => COLUMN_IDS.includes(id as ColumnId))
const [hidden, setHidden] = kept('resources.hidden', HIDDEN_AT_FIRST, isColumns)

const FILTERS = ['q', 'kind', 'state', 'account_id', 'project_id', 'source_id', 'host_id', 'usage_state'] as const
type Filter = (typeof FILTERS)[number] | 'ended' | 'covered' | 'sort' | 'order'

function createFilters() {
  const [search, setSearch] = useSearchParams()
  const value = (name: Filter): string => {
    const found = search[name]
    return typeof found === 'string' ? found : ''
  }
  const set = (changes: Partial<Record<Filter, string>>) => setSearch(changes, { replace: true })
  const list = (name: Filter) => value(name).split(',').filter(Boolean)
  const values = createMemo((): ResourceValues => {
    const names: Filter[] = [...FILTERS, 'ended', 'covered', 'sort', 'order']
    return Object.fromEntries(names.filter((name) => value(name)).map((name) => [name, value(name)]))
  })
  const isChosen = (name: Filter) => !['', 'no'].includes(value(name))
  const isFiltered = () => FILTERS.some((name) => value(name)) || isChosen('ended') || isChosen('covered')
  const clear = () => set(Object.fromEntries([...FILTERS, 'ended', 'covered'].map((name) => [name, ''])))
  const sorting = (): Sorting => ({
    sort: COLUMN_IDS.map((id) => LAYOUT[id].sort).find((sort) => sort === value('sort')) ?? 'name',
    order: value('order') === 'desc' ? 'desc' : 'asc',
  })
  return { value, set, list, values, isFiltered, clear, sorting }
}
type Filters = ReturnType<typeof createFilters>

export default function Resources() {
  const filters = createFilters()
  const tenant = createTenant()
  const may = createMay()
  const query = useInfiniteQuery(() => queries.resources(filters.values()))
  const total = () => (query.status === 'success' ? (query.data?.pages[0]?.total ?? null) : null)
  return (
    <Page
      title={t('nav.resources')}
      wide
      lead={<span class="tabular">{total() === null ? '\u00a0' : t('resources.count', total() ?? 0)}</span>}
      curl={[withQuery('/resources', filters.values())]}
      actions={
        <>
          <Show when={!may('agents.read').disabled}>
            <A href={paths.topology()} class={buttonClass()}>
              {t('topology.title')}
            </A>
            <A href={paths.hardware} class={buttonClass()}>
              {t('hardware.title')}
            </A>
          </Show>
          <Show when={!may('inventory.assign').disabled}>
            <A href={paths.ownership} class={buttonClass()}>
              {t('owners.title')}
            </A>
          </Show>
          <Show when={tenant.has('reconciliation.read')}>
            <A href={paths.reconciliation} class={buttonClass()}>
              {t('reconciliation.title')}
            </A>
          </Show>
          <ColumnChoice />
          <a
            class={buttonClass()}
            href={links.csv(filters.values())}
            download="resources.csv"
            rel="external"
            title={t('resources.csv_hint')}
          >
            <Download size={16} />
            {t('resources.csv')}
          </a>
        </>
      }
    >
      <FilterBar filters={filters} />
      <div class="card">
        <Load query={query} skeleton={<SkeletonRows rows={12} label={t('common.loading')} />}>
          {(data) => {
            const rows = createMemo(() => data().pages.flatMap((page) => page.items))
            return (
              <Show when={rows().length > 0} fallback={<Empty filters={filters} />}>
                <ResourceTable
                  rows={rows()}
                  total={data().pages[0]?.total ?? null}
                  hidden={tenant.account() ? [...hidden(), 'host', 'owner'] : hidden()}
                  unsorted={tenant.has('billing.read') || tenant.has('catalog.read') ? [] : ['cost']}
                  sorting={filters.sorting()}
                  onSort={filters.set}
                  hasMore={query.hasNextPage}
                  loadingMore={query.isFetchingNextPage}
                  onMore={() => void query.fetchNextPage()}
                />
              </Show>
            )
          }}
        </Load>
      </div>
    </Page>
  )
}

function FilterBar(props: { filters: Filters }) {
  const tenant = createTenant()
  const isStaff = () => tenant.account() === null
  const accounts = useQuery(() => queries.accounts())
  const sources = useQuery(() => ({ ...queries.sources(), enabled: tenant.has('agents.read') }))
  const accountOptions = () => [
    { value: '', label: t('resources.owner') },
    ...(isStaff() ? [{ value: 'none', label: t('resources.unowned') }] : []),
    ...(accounts.status === 'success' ? (accounts.data?.items ?? []) : []).map((one) => ({
      value: one.id,
      label: one.name,
    })),
  ]
  const sourceOptions = () => [
    { value: '', label: t('resources.source') },
    ...(sources.status === 'success' ? (sources.data?.items ?? []) : []).map((one) => ({
      value: one.id,
      label: `${one.connector} · ${one.realm}`,
    })),
  ]
  const one = (name: Filter) => (value: string) => props.filters.set({ [name]: value })
  const many = (name: Filter) => (chosen: string[]) => props.filters.set({ [name]: chosen.join(',') })
  return (
    <div class="mb-3 flex flex-wrap items-center gap-2">
      <FilterText value={props.filters.value('q')} label={t('resources.filter')} onChange={one('q')} />
      <FilterMany
        label={t('resources.kind')}
        options={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
        chosen={props.filters.list('kind')}
        onChange={many('kind')}
      />
      <FilterMany
        label={t('resources.state')}
        options={STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
        chosen={props.filters.list('state')}
        onChange={many('state')}
      />
      <Show when={accountOptions().length > 2}>
        <FilterOne
          label={t('resources.owner')}
          value={props.filters.value('account_id')}
          options={accountOptions()}
          onChange={one('account_id')}
        />
      </Show>
      <ProjectFilter
        account={props.filters.value('account_id') || tenant.account()?.id}
        value={props.filters.value('project_id')}
        onChange={one('project_id')}
      />
      <Show when={tenant.has('agents.read')}>
        <FilterOne
          label={t('resources.source')}
          value={props.filters.value('source_id')}
          options={sourceOptions()}
          onChange={one('source_id')}
        />
      </Show>
      <FilterOne
        label={t('limits.filter')}
        value={props.filters.value('usage_state')}
        options={[
          { value: '', label: t('limits.filter') },
          { value: 'approaching', label: t('limits.state.approaching') },
          { value: 'over', label: t('limits.state.over') },
        ]}
        onChange={one('usage_state')}
      />
      <FilterOne
        label={t('resources.ended')}
        value={props.filters.value('ended')}
        options={[
          { value: '', label: t('resources.ended_no') },
          { value: 'yes', label: t('resources.ended_yes') },
          { value: 'all', label: t('resources.ended_all') },
        ]}
        onChange={one('ended')}
      />
      <Show when={isStaff()}>
        <FilterOne
          label={t('resources.covered')}
          value={props.filters.value('covered')}
          options={[
            { value: '', label: t('resources.covered_no') },
            { value: 'all', label: t('resources.covered_all') },
            { value: 'yes', label: t('resources.covered_yes') },
          ]}
          onChange={one('covered')}
        />
      </Show>
      <Show when={props.filters.isFiltered()}>
        <Button variant="ghost" onClick={props.filters.clear}>
          {t('resources.clear')}
        </Button>
      </Show>
    </div>
  )
}

const ColumnChoice = () => (
  <Popover
    label={t('resources.columns')}
    class={buttonClass()}
    button={
      <>
        <Columns3 size={16} />
        {t('resources.columns')}
      </>
    }
  >
    <div class="flex flex-col gap-2">
      <For each={COLUMN_IDS.filter((id) => id !== 'name')}>
        {(id) => (
          <CheckField
            label={t(`resources.${id}`)}
            checked={!hidden().includes(id)}
            onChange={(on) => setHidden(on ? hidden().filter((one) => one !== id) : [...hidden(), id])}
          />
        )}
      </For>
    </div>
  </Popover>
)

const Empty = (props: { filters: Filters }) => (
  <Show when={props.filters.isFiltered()} fallback={<NothingYet />}>
    <EmptyState
      icon={<SearchX size={20} />}
      title={t('resources.none_match')}
      text={t('resources.none_match_text')}
      action={<Button onClick={props.filters.clear}>{t('resources.clear')}</Button>}
    />
  </Show>
)

function NothingYet() {
  const tenant = createTenant()
  return (
    <Show
      when={tenant.account()}
      fallback={
        <EmptyState
          icon={<Boxes size={20} />}
          title={t('resources.empty')}
          text={t('resources.empty_text')}
          action={
            <A href={`${paths.agents}?enrol=1`} class={buttonClass('primary')}>
              {t('agents.enrol')}
            </A>
          }
        />
      }
    >
      <EmptyState icon={<Boxes size={20} />} title={t('my.no_resource')} text={t('my.no_resource_text')} />
    </Show>
  )
}
