/** Parts by their serial, wherever they are: filters in the address, the history of one beside the list. */
import { useSearchParams } from '@solidjs/router'
import { useInfiniteQuery } from '@tanstack/solid-query'
import Cpu from 'lucide-solid/icons/cpu'
import Download from 'lucide-solid/icons/download'
import Plus from 'lucide-solid/icons/plus'
import SearchX from 'lucide-solid/icons/search-x'
import { createMemo, Show } from 'solid-js'
import { hardwareQueries } from '../hardware-api.ts'
import { t } from '../i18n/language.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { links } from '../links.ts'
import { BackLink } from '../parts/back.tsx'
import { HardwareTabs } from '../parts/hardware-tabs.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { PartDrawer } from '../parts/part-history.tsx'
import { PartTable, TYPES, typeText } from '../parts/part-table.tsx'
import { FilterMany, FilterOne, FilterText } from '../parts/resource-filters.tsx'
import { StockDialog } from '../parts/stock-dialog.tsx'
import { paths } from '../paths.ts'
import { withQuery } from '../request.ts'
import { MoreRows } from '../parts/more-rows.tsx'

const FILTERS = ['q', 'state', 'type', 'site'] as const
const STATES = ['installed', 'in_stock', 'retired', 'missing'] as const
const SORTS = ['serial', 'type', 'model', 'state'] as const

function createFilters() {
  const [search, setSearch] = useSearchParams()
  const value = (name: string): string => {
    const found = search[name]
    return typeof found === 'string' ? found : ''
  }
  const set = (changes: Record<string, string | undefined>) => setSearch(changes, { replace: true, scroll: false })
  const values = createMemo(() =>
    Object.fromEntries([...FILTERS, 'sort'].flatMap((name) => (value(name) ? [[name, value(name)]] : []))),
  )
  return {
    value,
    set,
    values,
    list: (name: string) => value(name).split(',').filter(Boolean),
    isFiltered: () => FILTERS.some((name) => value(name)),
    clear: () => set(Object.fromEntries(FILTERS.map((name) => [name, undefined]))),
  }
}
type Filters = ReturnType<typeof createFilters>

/** `disk/S1` of the address, as its two names. */
function partIn(text: string) {
  const slash = text.indexOf('/')
  return slash > 0 ? { type: text.slice(0, slash), serial: text.slice(slash + 1) } : undefined
}

export default function Hardware() {
  const filters = createFilters()
  const may = createMay()
  const query = useInfiniteQuery(() => hardwareQueries.parts(filters.values()))
  const total = () => (query.status === 'success' ? (query.data?.pages[0]?.total ?? null) : null)
  const sites = createMemo(() => {
    const found = query.status === 'success' ? (query.data?.pages.flatMap(({ items }) => items) ?? []) : []
    return [...new Set([filters.value('site'), ...found.map(({ site }) => site)].filter(Boolean))].toSorted()
  })
  const put = () => filters.set({ put: '1' })
  return (
    <Page
      title={t('hardware.title')}
      lead={t('hardware.lead')}
      above={<BackLink href={paths.resources()} label={t('nav.resources')} />}
      curl={[withQuery('/hardware/parts', filters.values())]}
      actions={
        <>
          <a class={buttonClass()} href={links.partsCsv(filters.values())} download="parts.csv" rel="external">
            <Download size={16} /> {t('hardware.csv')}
          </a>
          <Button variant="primary" icon={<Plus size={16} />} onClick={put} {...may('agents.write')}>
            {t('hardware.put')}
          </Button>
        </>
      }
    >
      <HardwareTabs />
      <FilterBar filters={filters} sites={sites()} total={total()} />
      <section class="card min-w-0">
        <Load query={query}>
          {(data) => {
            const parts = createMemo(() => data().pages.flatMap(({ items }) => items))
            return (
              <Show when={parts().length > 0} fallback={<Empty filters={filters} onPut={put} />}>
                <PartTable parts={parts()} onOpen={({ type, serial }) => filters.set({ part: `${type}/${serial}` })} />
                <MoreRows query={query} />
              </Show>
            )
          }}
        </Load>
      </section>
      <Show when={partIn(filters.value('part'))}>
        {(part) => <PartDrawer part={part()} onClose={() => filters.set({ part: undefined })} />}
      </Show>
      <Show when={filters.value('put')}>
        <StockDialog onClose={() => filters.set({ put: undefined })} />
      </Show>
    </Page>
  )
}

const FilterBar = (props: { filters: Filters; sites: readonly string[]; total: number | null }) => (
  <div class="mb-3 flex flex-wrap items-center gap-2">
    <FilterText
      value={props.filters.value('q')}
      label={t('hardware.filter')}
      onChange={(q) => props.filters.set({ q: q || undefined })}
    />
    <FilterMany
      label={t('hardware.state')}
      options={STATES.map((value) => ({ value, label: t(`hardware.state_${value}`) }))}
      chosen={props.filters.list('state')}
      onChange={(chosen) => props.filters.set({ state: chosen.join(',') || undefined })}
    />
    <FilterMany
      label={t('hardware.type')}
      options={TYPES.map((value) => ({ value, label: typeText(value) }))}
      chosen={props.filters.list('type')}
      onChange={(chosen) => props.filters.set({ type: chosen.join(',') || undefined })}
    />
    <FilterOne
      label={t('hardware.site')}
      value={props.filters.value('site')}
      options={[{ value: '', label: t('hardware.site') }, ...props.sites.map((value) => ({ value, label: value }))]}
      onChange={(site) => props.filters.set({ site: site || undefined })}
    />
    <FilterOne
      label={t('hardware.sort')}
      value={props.filters.value('sort') || 'serial'}
      options={SORTS.map((value) => ({ value, label: t(`hardware.sort_${value}`) }))}
      onChange={(sort) => props.filters.set({ sort })}
    />
    <Show when={props.filters.isFiltered()}>
      <Button variant="ghost" onClick={props.filters.clear}>
        {t('resources.clear')}
      </Button>
    </Show>
    <Show when={props.total !== null}>
      <span class="tabular ml-auto py-2 text-[0.8125rem] text-muted">{t('hardware.count', props.total ?? 0)}</span>
    </Show>
  </div>
)

const Empty = (props: { filters: Filters; onPut: () => void }) => (
  <Show
    when={props.filters.isFiltered()}
    fallback={
      <EmptyState
        icon={<Cpu size={20} />}
        title={t('hardware.empty')}
        text={t('hardware.empty_text')}
        action={<Button onClick={() => props.onPut()}>{t('hardware.put')}</Button>}
      />
    }
  >
    <EmptyState
      icon={<SearchX size={20} />}
      title={t('hardware.none_match')}
      text={t('hardware.none_match_text')}
      action={<Button onClick={props.filters.clear}>{t('resources.clear')}</Button>}
    />
  </Show>
)
