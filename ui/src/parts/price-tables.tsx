/** Prices of a book as tables, one a kind, and the history of one price. */
import History from 'lucide-solid/icons/clock'
import Pencil from 'lucide-solid/icons/pencil'
import { createMemo, For, Show } from 'solid-js'
import type { MeterName, Price, PricedKind, PriceList } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { KINDS } from '../i18n/words.ts'
import { Badge } from '../kit/badge.tsx'
import { IconButton } from '../kit/button.tsx'
import { Drawer } from '../kit/dialog.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { Section } from './page.tsx'
import { nameText } from './person-name.ts'
import { conditionText } from './price-condition.tsx'
import { PriceAmount } from './price-text.tsx'

/** What a plan charges for itself comes first. */
const SHOWN_KINDS: PricedKind[] = ['service', ...KINDS]

/** All versions of one price: the same kind and meter, and of the same machines where it is not of all. */
export interface Priced {
  kind: PricedKind
  meter: MeterName
  applies_to: Price['applies_to']
  current: Price | undefined
  scheduled: Price[]
  versions: Price[]
}

function groupPrices(prices: readonly Price[]): Map<PricedKind, Priced[]> {
  const groups = new Map<PricedKind, Priced[]>()
  const byMeter = Map.groupBy(prices, (price) => `${price.kind} ${price.meter} ${conditionText(price.applies_to)}`)
  for (const versions of byMeter.values()) {
    const [first] = versions
    if (!first) continue
    const sorted = versions.toSorted((a, b) => b.effective_at.localeCompare(a.effective_at))
    const priced: Priced = {
      kind: first.kind,
      meter: first.meter,
      applies_to: first.applies_to,
      current: sorted.find((price) => price.state === 'current'),
      scheduled: sorted.filter((price) => price.state === 'scheduled'),
      versions: sorted,
    }
    groups.set(first.kind, [...(groups.get(first.kind) ?? []), priced])
  }
  return new Map(
    SHOWN_KINDS.flatMap((kind) => (groups.has(kind) ? [[kind, inOrder(groups.get(kind) ?? [])] as const] : [])),
  )
}

/** Prices of one meter stand together, by what they apply to. */
const inOrder = (rows: readonly Priced[]): Priced[] =>
  [...Map.groupBy(rows, ({ meter }) => meter).values()].flatMap((alike) =>
    alike.toSorted((a, b) => conditionText(a.applies_to).localeCompare(conditionText(b.applies_to))),
  )
const nameOf = ({ meter, applies_to }: Priced): string =>
  [t(`meter.${meter}`), conditionText(applies_to)].filter(Boolean).join(' · ')

interface TablesProps {
  list: PriceList
  onEdit: (price: Partial<Price>) => void
  onHistory: (priced: Priced) => void
}

export function PriceTables(props: TablesProps) {
  const groups = createMemo(() => [...groupPrices(props.list.items)])
  const columns = (): TableColumn<Priced>[] => [
    {
      id: 'meter',
      header: t('prices.meter'),
      class: 'sm:w-56',
      cell: (row) => (
        <>
          <span class="font-medium">{t(`meter.${row.meter}`)}</span>
          <Show when={row.applies_to}>
            {(one) => <span class="block text-[0.8125rem] text-muted">{conditionText(one())}</span>}
          </Show>
        </>
      ),
    },
    {
      id: 'amount',
      header: t('prices.amount'),
      class: 'tabular sm:whitespace-nowrap',
      cell: (row) => <Amounts row={row} />,
    },
    {
      id: 'effective',
      header: t('prices.effective'),
      wideOnly: true,
      class: 'whitespace-nowrap w-48',
      cell: (row) => <Show when={row.current ?? row.versions[0]}>{(price) => say.instant(price().effective_at)}</Show>,
    },
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'w-20 text-right sm:w-28',
      cell: (row) => (
        <span class="inline-flex">
          <IconButton
            label={`${t('prices.new_version')}: ${nameOf(row)}`}
            onClick={() => props.onEdit(row.current ?? row.versions[0] ?? {})}
          >
            <Pencil size={16} />
          </IconButton>
          <IconButton label={`${t('prices.history')}: ${nameOf(row)}`} onClick={() => props.onHistory(row)}>
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
        <span class="flex flex-wrap items-center gap-x-2 text-[0.8125rem]">
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

export const PriceHistory = (props: { priced: Priced; onClose: () => void }) => (
  <Drawer
    open
    onClose={props.onClose}
    closeLabel={t('common.close')}
    title={t('prices.history_of', { name: `${t(`kind.${props.priced.kind}`)} · ${nameOf(props.priced)}` })}
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
