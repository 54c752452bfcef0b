/** Prices by kind and meter: what holds now, what is scheduled, what held before. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import History from 'lucide-solid/icons/clock'
import Pencil from 'lucide-solid/icons/pencil'
import Plus from 'lucide-solid/icons/plus'
import Tag from 'lucide-solid/icons/tag'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { Kind, MeterName, Price, PriceList } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { KINDS, METERS } from '../i18n/words.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, buttonClass, IconButton } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Drawer } from '../kit/dialog.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { curlLine } from '../parts/curl.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { PriceDialog } from '../parts/price-dialog.tsx'
import { PriceAmount } from '../parts/price-text.tsx'
import { SellerChoice } from '../parts/seller.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { nameText } from '../parts/person-name.ts'

/** All versions of one price: the same kind and meter. */
interface Priced {
  kind: Kind
  meter: MeterName
  current: Price | undefined
  scheduled: Price[]
  versions: Price[]
}

function groupPrices(prices: readonly Price[]): Map<Kind, Priced[]> {
  const groups = new Map<Kind, Priced[]>()
  const byMeter = Map.groupBy(prices, (price) => `${price.kind} ${price.meter}`)
  for (const versions of byMeter.values()) {
    const [first] = versions
    if (!first) continue
    const sorted = versions.toSorted((a, b) => b.effective_at.localeCompare(a.effective_at))
    const priced: Priced = {
      kind: first.kind,
      meter: first.meter,
      current: sorted.find((price) => price.state === 'current'),
      scheduled: sorted.filter((price) => price.state === 'scheduled'),
      versions: sorted,
    }
    groups.set(first.kind, [...(groups.get(first.kind) ?? []), priced])
  }
  return new Map(KINDS.flatMap((kind) => (groups.has(kind) ? [[kind, groups.get(kind) ?? []] as const] : [])))
}

const isKind = (value: unknown): value is Kind => KINDS.some((kind) => kind === value)
const isMeter = (value: unknown): value is MeterName => METERS.some((meter) => meter === value)

export default function Prices() {
  const [search, setSearch] = useSearchParams()
  const seller = () => (typeof search['seller'] === 'string' ? search['seller'] : '')
  const query = useQuery(() => queries.prices(seller()))
  const may = createMay()
  const [editing, setEditing] = createSignal<Partial<Price> | null>(null)
  const [history, setHistory] = createSignal<Priced | null>(null)
  const asked = (): Partial<Price> | null => {
    if (!search['set']) return null
    const { kind, meter } = search
    return { ...(isKind(kind) ? { kind } : {}), ...(isMeter(meter) ? { meter } : {}) }
  }
  const open = () => editing() ?? asked()
  const close = () => {
    setEditing(null)
    setSearch({ set: undefined, kind: undefined, meter: undefined }, { replace: true })
  }
  return (
    <Page
      title={t('prices.title')}
      lead={t('prices.lead')}
      curl={['/prices?history=true', '/meters']}
      actions={
        <>
          <A href={paths.priceChanges} class={buttonClass()}>
            {t('repricing.changes')}
          </A>
          <A href={paths.recalculation} class={buttonClass()}>
            {t('repricing.recalculate')}
          </A>
          <Button variant="primary" icon={<Plus size={16} />} onClick={() => setEditing({})} {...may('catalog.write')}>
            {t('prices.set')}
          </Button>
        </>
      }
    >
      <SellerChoice chosen={seller()} onChoose={(id) => setSearch({ seller: id || undefined }, { replace: true })} />
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<NoPrice currency={data().currency} onSet={() => setEditing({})} />}
          >
            <PriceTables list={data()} onEdit={setEditing} onHistory={setHistory} />
          </Show>
        )}
      </Load>
      <Show when={open()} keyed>
        {(from) => <PriceDialog from={from} seller={seller()} onClose={close} />}
      </Show>
      <Show when={history()} keyed>
        {(priced) => <PriceHistory priced={priced} onClose={() => setHistory(null)} />}
      </Show>
    </Page>
  )
}

interface TablesProps {
  list: PriceList
  onEdit: (price: Partial<Price>) => void
  onHistory: (priced: Priced) => void
}

function PriceTables(props: TablesProps) {
  const groups = createMemo(() => [...groupPrices(props.list.items)])
  const columns = (): TableColumn<Priced>[] => [
    {
      id: 'meter',
      header: t('prices.meter'),
      class: 'w-56',
      cell: (row) => <span class="font-medium">{t(`meter.${row.meter}`)}</span>,
    },
    {
      id: 'amount',
      header: t('prices.amount'),
      class: 'tabular whitespace-nowrap',
      cell: (row) => <Amounts row={row} />,
    },
    {
      id: 'effective',
      header: t('prices.effective'),
      class: 'whitespace-nowrap w-48',
      cell: (row) => <Show when={row.current ?? row.versions[0]}>{(price) => say.instant(price().effective_at)}</Show>,
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'w-28 text-right',
      cell: (row) => (
        <span class="inline-flex">
          <IconButton
            label={`${t('prices.new_version')}: ${t(`meter.${row.meter}`)}`}
            onClick={() => props.onEdit(row.current ?? row.versions[0] ?? {})}
          >
            <Pencil size={16} />
          </IconButton>
          <IconButton label={`${t('prices.history')}: ${t(`meter.${row.meter}`)}`} onClick={() => props.onHistory(row)}>
            <History size={16} />
          </IconButton>
        </span>
      ),
    },
  ]
  return (
    <div class="flex flex-col gap-4">
      <For each={groups()}>
        {([kind, rows]) => (
          <Section title={t(`kind.${kind}`)}>
            <Table label={t(`kind.${kind}`)} columns={columns()} rows={rows} />
          </Section>
        )}
      </For>
    </div>
  )
}

const Amounts = (props: { row: Priced }) => (
  <div class="flex flex-col gap-0.5">
    <Show when={props.row.current} fallback={<span class="text-muted">{t('prices.past')}</span>}>
      {(price) => (
        <span>
          <PriceAmount price={price()} />
        </span>
      )}
    </Show>
    <For each={props.row.scheduled}>
      {(price) => (
        <span class="flex items-center gap-2 text-[0.8125rem]">
          <Badge tone="accent">{t('prices.scheduled')}</Badge>
          <span>
            <PriceAmount price={price} /> <span class="text-muted">· {say.instant(price.effective_at)}</span>
          </span>
        </span>
      )}
    </For>
  </div>
)

const TONES = { current: 'ok', scheduled: 'accent', past: 'idle' } as const

const PriceHistory = (props: { priced: Priced; onClose: () => void }) => (
  <Drawer
    open
    onClose={props.onClose}
    closeLabel={t('common.close')}
    title={t('prices.history_of', { name: `${t(`kind.${props.priced.kind}`)} · ${t(`meter.${props.priced.meter}`)}` })}
  >
    <ol class="m-0 flex list-none flex-col gap-0 border-l border-line p-0 pl-5">
      <For each={props.priced.versions}>
        {(price) => (
          <li class="relative pb-6">
            <span
              aria-hidden="true"
              class="absolute top-1.5 -left-[1.5625rem] size-2.5 rounded-full border-2 border-raised bg-line-control bg-idle-mark"
            />
            <div class="tabular flex flex-wrap items-center gap-2">
              <PriceAmount price={price} />
              <Badge tone={TONES[price.state]}>{t(`prices.${price.state}`)}</Badge>
            </div>
            <p class="m-0 mt-0.5 text-[0.8125rem] text-muted">
              {say.instant(price.effective_at)}
              <Show when={price.ends_at}>{(at) => <> {t('prices.until', { at: say.instant(at()) })}</>}</Show>
              {' · '}
              {t('prices.by', { actor: nameText(price.actor) })}
            </p>
            <Show when={price.reason}>
              <p class="m-0 mt-1 text-sm">{price.reason}</p>
            </Show>
          </li>
        )}
      </For>
    </ol>
  </Drawer>
)

const NoPrice = (props: { currency: string; onSet: () => void }) => (
  <div class="card">
    <EmptyState
      icon={<Tag size={20} />}
      title={t('prices.empty')}
      text={t('prices.empty_text')}
      action={
        <Button variant="primary" onClick={() => props.onSet()}>
          {t('prices.set')}
        </Button>
      }
    >
      <CopyLine
        label={t('common.copy_as_curl')}
        labels={{ copy: t('common.copy'), copied: t('common.copied') }}
        text={curlLine('/prices', {
          kind: 'host',
          meter: 'vcpu',
          model: 'per_unit',
          per: 'hour',
          unit: 'vCPU',
          amount: '0.0125',
        })}
      />
    </EmptyState>
  </div>
)
