/** Who did what: every record, with filters in the address, as a file, and proven by its chain. */
import { useSearchParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import ScrollText from 'lucide-solid/icons/scroll-text'
import SearchX from 'lucide-solid/icons/search-x'
import { createMemo, For, Show } from 'solid-js'
import { links } from '../links.ts'
import { withQuery } from '../request.ts'
import { t } from '../i18n/language.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SkeletonRows } from '../kit/skeleton.tsx'
import { AuditRecords } from '../parts/audit-record.tsx'
import { Verification } from '../parts/audit-verification.tsx'
import { curlLine } from '../parts/curl.tsx'
import { Load } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { filterButtonClass, FilterOne, FilterText } from '../parts/resource-filters.tsx'
import { type AuditValues, queries } from '../queries.ts'

const FILTERS = ['actor', 'type', 'subject_kind', 'subject_id', 'account_id', 'from', 'to'] as const
type Filter = (typeof FILTERS)[number]

/** Midnight here of a day as the address has it, `days` later. */
function dayStart(day: string, days = 0): string | undefined {
  const at = new Date(`${day}T00:00:00`)
  if (Number.isNaN(at.getTime())) return undefined
  at.setDate(at.getDate() + days)
  return at.toISOString()
}

function createFilters() {
  const [search, setSearch] = useSearchParams()
  const value = (name: Filter): string => {
    const found = search[name]
    return typeof found === 'string' ? found : ''
  }
  const set = (changes: Partial<Record<Filter, string>>) => setSearch(changes, { replace: true })
  const values = createMemo((): AuditValues => {
    const chosen = Object.fromEntries(FILTERS.filter((name) => value(name)).map((name) => [name, value(name)]))
    return { ...chosen, from: dayStart(value('from')), to: dayStart(value('to'), 1) }
  })
  const isFiltered = () => FILTERS.some((name) => value(name))
  const clear = () => set(Object.fromEntries(FILTERS.map((name) => [name, ''])))
  return { value, set, values, isFiltered, clear }
}
type Filters = ReturnType<typeof createFilters>

export default function Audit() {
  const filters = createFilters()
  const query = useInfiniteQuery(() => queries.audit(filters.values()))
  return (
    <Page
      title={t('audit.title')}
      lead={t('audit.lead')}
      curl={[withQuery('/audit', filters.values())]}
      actions={
        <For each={['csv', 'ndjson'] as const}>
          {(format) => (
            <a
              class={buttonClass()}
              href={links.audit(format, filters.values())}
              download={`audit.${format}`}
              rel="external"
              title={t('audit.export_hint')}
            >
              <Download size={16} />
              {t(`audit.${format}`)}
            </a>
          )}
        </For>
      }
    >
      <Verification />
      <FilterBar filters={filters} />
      <div class="card">
        <Load query={query} skeleton={<SkeletonRows rows={10} label={t('common.loading')} />}>
          {(data) => {
            const records = createMemo(() => data().pages.flatMap((page) => page.items))
            return (
              <Show when={records().length > 0} fallback={<Empty filters={filters} />}>
                <AuditRecords records={records()} withSubject />
                <Show when={query.hasNextPage}>
                  <div class="flex justify-center border-t border-line p-3">
                    <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      {t('audit.more')}
                    </Button>
                  </div>
                </Show>
              </Show>
            )
          }}
        </Load>
      </div>
    </Page>
  )
}

function FilterBar(props: { filters: Filters }) {
  const accounts = useQuery(() => queries.accounts())
  const accountOptions = () => [
    { value: '', label: t('audit.any_account') },
    ...(accounts.status === 'success' ? (accounts.data?.items ?? []) : []).map((one) => ({
      value: one.id,
      label: one.name,
    })),
  ]
  const one = (name: Filter) => (value: string) => props.filters.set({ [name]: value })
  return (
    <div class="mb-3 flex flex-wrap items-center gap-2">
      <For each={['actor', 'type'] as const}>
        {(name) => <FilterText value={props.filters.value(name)} label={t(`audit.${name}`)} onChange={one(name)} />}
      </For>
      <FilterText value={props.filters.value('subject_id')} label={t('audit.subject')} onChange={one('subject_id')} />
      <FilterOne
        label={t('audit.account')}
        value={props.filters.value('account_id')}
        options={accountOptions()}
        onChange={one('account_id')}
      />
      <For each={['from', 'to'] as const}>
        {(name) => (
          <label class={filterButtonClass}>
            {t(`audit.${name}`)}
            <input
              type="date"
              value={props.filters.value(name)}
              onChange={(event) => props.filters.set({ [name]: event.currentTarget.value })}
              class="min-w-0 bg-transparent text-text"
            />
          </label>
        )}
      </For>
      <Show when={props.filters.value('subject_kind')}>
        {(kind) => <span class="text-[0.8125rem] text-muted">{t('audit.only_kind', { kind: kind() })}</span>}
      </Show>
      <Show when={props.filters.isFiltered()}>
        <Button variant="ghost" onClick={props.filters.clear}>
          {t('audit.clear')}
        </Button>
      </Show>
    </div>
  )
}

const Empty = (props: { filters: Filters }) => (
  <Show
    when={props.filters.isFiltered()}
    fallback={
      <EmptyState icon={<ScrollText size={20} />} title={t('audit.empty')} text={t('audit.empty_text')}>
        <CopyLine
          label={t('common.copy_as_curl')}
          labels={{ copy: t('common.copy'), copied: t('common.copied') }}
          text={curlLine('/audit')}
        />
      </EmptyState>
    }
  >
    <EmptyState
      icon={<SearchX size={20} />}
      title={t('audit.none_match')}
      text={t('audit.none_match_text')}
      action={<Button onClick={props.filters.clear}>{t('audit.clear')}</Button>}
    />
  </Show>
)
