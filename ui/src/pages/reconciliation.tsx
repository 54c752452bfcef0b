/** Reconciliation: what sources see beside what is sold, with the money of each difference and its remedy. */
import { useSearchParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery } from '@tanstack/solid-query'
import CircleCheck from 'lucide-solid/icons/circle-check'
import Download from 'lucide-solid/icons/download'
import { createSignal, For, Show } from 'solid-js'
import type { Discrepancy, ReconciliationSummary } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { buttonClass } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { SelectField } from '../kit/field.tsx'
import { Table } from '../kit/table.tsx'
import { links } from '../links.ts'
import { AdoptDialog } from '../parts/adopt-dialog.tsx'
import { BackLink } from '../parts/back.tsx'
import { discrepancyColumns, Evidence } from '../parts/discrepancy-rows.tsx'
import { Load } from '../parts/load.tsx'
import { Page } from '../parts/page.tsx'
import { sourceName } from '../parts/source-state.tsx'
import { createTenant } from '../parts/tenant.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { MoreRows } from '../parts/more-rows.tsx'

const FILTERS = ['kind', 'account_id', 'realm', 'source_id'] as const
type Filter = (typeof FILTERS)[number]
const SORTS = ['money', 'since', 'name', 'kind'] as const
const RISING = new Set(['name', 'kind'])

export default function Reconciliation() {
  const [search, setSearch] = useSearchParams()
  const value = (name: Filter | 'sort') => (typeof search[name] === 'string' ? search[name] : '')
  const sort = () => SORTS.find((one) => one === value('sort')) ?? 'money'
  const set = (name: Filter | 'sort', to: string) => setSearch({ [name]: to || undefined }, { replace: true })
  const asked = (): Record<string, string> => ({
    ...Object.fromEntries(FILTERS.flatMap((name) => (value(name) ? [[name, value(name)]] : []))),
    sort: sort(),
    order: RISING.has(sort()) ? 'asc' : 'desc',
  })
  const summary = useQuery(() => queries.reconciliationSummary())
  const options = (list: readonly { value: string; label: string }[]) => [
    { value: '', label: t('reconciliation.all') },
    ...list,
  ]
  return (
    <Page
      title={t('reconciliation.title')}
      wide
      lead={t('reconciliation.lead')}
      above={<BackLink href={paths.resources()} label={t('nav.resources')} />}
      curl={['/reconciliation/summary', '/reconciliation']}
      actions={
        <a class={buttonClass()} href={links.reconciliationCsv(asked())} download="reconciliation.csv" rel="external">
          <Download size={16} /> CSV
        </a>
      }
    >
      <Load query={summary}>
        {(data) => (
          <>
            <Tiles of={data()} chosen={value('kind')} onChoose={(kind) => set('kind', kind)} />
            <div class="card min-w-0">
              <div class="grid gap-3 border-b border-line px-4 py-3 sm:grid-cols-3 lg:grid-cols-5">
                <SelectField
                  label={t('reconciliation.kind')}
                  value={value('kind')}
                  options={options(
                    data().kinds.map(({ kind }) => ({ value: kind, label: t(`reconciliation.kinds.${kind}`) })),
                  )}
                  onChange={(to) => set('kind', to)}
                />
                <SelectField
                  label={t('reconciliation.account')}
                  value={value('account_id')}
                  options={options([
                    { value: 'none', label: t('reconciliation.nobody') },
                    ...data().accounts.map(({ id, name }) => ({ value: id, label: name })),
                  ])}
                  onChange={(to) => set('account_id', to)}
                />
                <SelectField
                  label={t('reconciliation.realm')}
                  value={value('realm')}
                  options={options(data().realms.map((realm) => ({ value: realm, label: realm })))}
                  onChange={(to) => set('realm', to)}
                />
                <SelectField
                  label={t('reconciliation.source')}
                  value={value('source_id')}
                  options={options(data().sources.map((source) => ({ value: source.id, label: sourceName(source) })))}
                  onChange={(to) => set('source_id', to)}
                />
                <SelectField
                  label={t('reconciliation.sort')}
                  value={sort()}
                  options={SORTS.map((one) => ({ value: one, label: t(`reconciliation.sorts.${one}`) }))}
                  onChange={(to) => set('sort', to)}
                />
              </div>
              <List asked={asked()} />
            </div>
          </>
        )}
      </Load>
    </Page>
  )
}

type Money = ReconciliationSummary['kinds'][number]['per_month'][number]
const WAYS = ['loss', 'overcharge', 'disputed'] as const
const amounts = (of: Money): string[] =>
  WAYS.flatMap((way) =>
    /[1-9]/.test(of[way]) ? [`${say.money(of[way], of.currency)} ${t(`reconciliation.${way}`)}`] : [],
  )

function Tiles(props: { of: ReconciliationSummary; chosen: string; onChoose: (kind: string) => void }) {
  const tile = 'card flex flex-col items-start px-4 py-3 text-left text-sm'
  return (
    <div class="mb-4 grid grid-cols-2 gap-3 lg:grid-cols-4">
      <div class={tile} data-tile="matched">
        <span class="block text-muted">{t('reconciliation.matched')}</span>
        <span class="tabular block text-lg font-semibold">{say.decimal(props.of.matched)}</span>
        <span class="block text-[0.8125rem] text-muted">
          {t('reconciliation.of_machines', { count: say.decimal(props.of.machines) })}
        </span>
      </div>
      <For each={props.of.kinds}>
        {({ kind, count, per_month, unpriced }) => (
          <button
            type="button"
            class={`${tile} hover:bg-hover ${props.chosen === kind ? 'outline-2 outline-accent' : ''}`}
            aria-pressed={props.chosen === kind}
            data-tile={kind}
            onClick={() => props.onChoose(props.chosen === kind ? '' : kind)}
          >
            <span class="block text-muted">{t(`reconciliation.kinds.${kind}`)}</span>
            <span class="tabular block text-lg font-semibold">{say.decimal(count)}</span>
            <For each={per_month.flatMap(amounts)}>
              {(text) => <span class="tabular block text-[0.8125rem]">{text}</span>}
            </For>
            <Show when={unpriced > 0}>
              <span class="block text-[0.8125rem] text-muted">
                {t('reconciliation.unpriced', { count: say.decimal(unpriced) })}
              </span>
            </Show>
          </button>
        )}
      </For>
      <div class={tile} data-tile="unknown">
        <span class="block text-muted">{t('reconciliation.unknown')}</span>
        <span class="tabular block text-lg font-semibold">{say.decimal(props.of.unknown.machines)}</span>
        <Show when={props.of.unknown.machines > 0}>
          <span class="block text-[0.8125rem] text-muted">{t('reconciliation.unknown_text')}</span>
        </Show>
        <For each={props.of.unknown.sources}>
          {({ source, state, since, machines }) => (
            <span class="block text-[0.8125rem] break-words text-warn">
              {t('reconciliation.unknown_source', {
                realm: source.realm,
                connector: source.connector,
                machines: say.decimal(machines),
                state: state === 'ok' ? '' : t(`reconciliation.states.${state}`),
                since: since === null ? t('reconciliation.never') : say.instant(since),
              })}
            </span>
          )}
        </For>
      </div>
    </div>
  )
}

function List(props: { asked: Record<string, string> }) {
  const query = useInfiniteQuery(() => queries.reconciliation(props.asked))
  const tenant = createTenant()
  const [open, setOpen] = createSignal<ReadonlySet<string>>(new Set())
  const [adopting, setAdopting] = createSignal<Discrepancy>()
  const toggle = (id: string) => setOpen((before) => before.symmetricDifference(new Set([id])))
  const mayAdopt = ({ kind, resource, account }: Discrepancy) =>
    kind === 'orphan' && resource !== null && account === null && tenant.has('inventory.assign')
  return (
    <Load query={query}>
      {(data) => (
        <Show
          when={data().pages[0]?.items.length}
          fallback={
            <EmptyState
              icon={<CircleCheck size={20} />}
              title={t('reconciliation.empty')}
              text={t('reconciliation.empty_text')}
            />
          }
        >
          <Table
            label={t('reconciliation.title')}
            columns={discrepancyColumns((id) => open().has(id), toggle)}
            rows={data().pages.flatMap(({ items }) => items)}
            below={(row) =>
              open().has(row.id) && <Evidence of={row} onAdopt={mayAdopt(row) ? () => setAdopting(row) : undefined} />
            }
          />
          <MoreRows query={query} />
          <Show when={adopting()?.resource}>
            {(machine) => (
              <AdoptDialog
                machine={machine()}
                since={adopting()?.since ?? null}
                onClose={() => setAdopting(undefined)}
              />
            )}
          </Show>
        </Show>
      )}
    </Load>
  )
}
