/** Margins of a month: what customers paid beside what it cost us, by customer, product, realm, and down to each machine. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import { For, Show } from 'solid-js'
import type { MarginRow, Margins } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { buttonClass } from '../kit/button.tsx'
import { SelectField } from '../kit/field.tsx'
import { PairedBars } from '../kit/paired-bars.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { lineKind } from '../parts/line-text.ts'
import { Load } from '../parts/load.tsx'
import { MonthStep } from '../parts/month-step.tsx'
import { Page, Section } from '../parts/page.tsx'
import { links } from '../links.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const WAYS = ['customer', 'product', 'realm', 'resource'] as const
type Way = (typeof WAYS)[number]
/** as many names as stand beside each other */
const DRAWN = 8

export default function MarginsPage() {
  const [search, setSearch] = useSearchParams()
  const text = (name: string) => (typeof search[name] === 'string' ? search[name] : undefined)
  const by = (): Way => WAYS.find((one) => one === text('by')) ?? 'customer'
  const asked = () => ({
    by: by(),
    month: text('month'),
    account_id: text('account_id'),
    product: text('product'),
    realm: text('realm'),
  })
  const query = useQuery(() => queries.margins(asked()))
  const month = () => text('month') ?? (query.status === 'success' ? query.data.month : '')
  return (
    <Page
      title={t('margins.title')}
      lead={t('margins.lead')}
      above={<BackLink href={paths.invoices} label={t('nav.invoices')} />}
      curl={['/margins', '/cost-books']}
      actions={
        <>
          <MonthStep month={month()} onChange={(month) => setSearch({ month })} />
          <a class={buttonClass()} href={links.marginsCsv(asked())} download={`margins-${month()}.csv`} rel="external">
            <Download size={16} /> CSV
          </a>
          <A href={paths.idle} class={buttonClass()}>
            {t('margins.idle.title')}
          </A>
          <A href={paths.costs} class={buttonClass()}>
            {t('margins.costs')}
          </A>
        </>
      }
    >
      <SelectField
        class="mb-4 max-w-xs"
        label={t('margins.by')}
        value={by()}
        options={WAYS.map((value) => ({ value, label: t(`margins.ways.${value}`) }))}
        onChange={(value) => setSearch({ by: value === 'customer' ? undefined : value })}
      />
      <Load query={query}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<p class="card m-0 p-5 text-muted">{t('margins.empty')}</p>}>
            <Report data={data()} />
          </Show>
        )}
      </Load>
    </Page>
  )
}

/** What a row is called. */
function rowName({ account, product, realm, resource }: MarginRow, by: Way): string {
  if (by === 'customer') return account?.name ?? ''
  if (by === 'realm') return realm ?? t('margins.no_realm')
  if (by === 'resource' && resource) return resource.name || lineKind({ resource, component: '' })
  return product ? (product.plan?.name[language()] ?? kindName(product.kind)) : ''
}
const kindName = (kind: NonNullable<MarginRow['product']>['kind']): string =>
  kind === 'pool' ? t('document.pooled') : lineKind({ resource: { id: '', kind, name: '' }, component: '' })

function Report(props: { data: Margins }) {
  const pairs = (currency: string) =>
    props.data.items
      .filter((row) => row.currency === currency)
      .slice(0, DRAWN)
      .map((row) => ({
        label: rowName(row, props.data.by),
        values: [Math.max(0, Number(row.revenue)), Number(row.cost ?? 0)] as const,
        text: `${rowName(row, props.data.by)}: ${say.money(row.revenue, row.currency)}, ${costText(row)}`,
      }))
  // each on a scale of its own
  const currencies = () => props.data.totals.map(({ currency }) => currency)
  const named = (name: string, currency: string) => (currencies().length > 1 ? `${name}, ${currency}` : name)
  return (
    <div class="flex flex-col gap-4">
      <div class="flex flex-wrap gap-4">
        <For each={props.data.totals}>{(total) => <Total of={total} />}</For>
      </div>
      <Section title={t('margins.picture')}>
        <div class="flex flex-col gap-6 px-4 py-4">
          <For each={currencies()}>
            {(currency) => (
              <PairedBars
                label={named(t('margins.picture'), currency)}
                names={[named(t('margins.revenue'), currency), named(t('margins.cost'), currency)]}
                pairs={pairs(currency)}
              />
            )}
          </For>
        </div>
      </Section>
      <div class="card">
        <Table label={t('margins.title')} columns={columns(props.data)} rows={props.data.items} />
      </div>
    </div>
  )
}

type Figures = Margins['totals'][number]
const costText = ({ cost, currency }: Figures): string =>
  cost === null ? t('margins.no_cost') : say.money(cost, currency)

const Total = (props: { of: Figures }) => (
  <dl class="card tabular m-0 grid grid-cols-[auto_auto] gap-x-6 gap-y-1 px-4 py-3 text-sm" data-total>
    <dt class="text-muted">{t('margins.revenue')}</dt>
    <dd class="m-0 text-right">{say.money(props.of.revenue, props.of.currency)}</dd>
    <dt class="text-muted">{t('margins.cost')}</dt>
    <dd class="m-0 text-right">{costText(props.of)}</dd>
    <dt class="text-muted">{t('margins.margin')}</dt>
    <dd class="m-0 text-right font-semibold">
      {props.of.margin === null ? '–' : say.money(props.of.margin, props.of.currency)}{' '}
      <Show when={props.of.margin_percent}>{(percent) => <>({say.decimal(percent(), 2)} %)</>}</Show>
    </dd>
    <Show when={props.of.unknown.count > 0}>
      <dt class="col-span-2 text-muted">{unknownText(props.of)}</dt>
    </Show>
  </dl>
)

const unknownText = ({ unknown, currency }: Figures): string =>
  t('margins.unknown', { count: say.decimal(String(unknown.count)), revenue: say.money(unknown.revenue, currency) })

const columns = ({ by, month }: Margins): TableColumn<MarginRow>[] => [
  {
    id: 'name',
    header: t(`margins.ways.${by}`),
    class: 'min-w-40',
    cell: (row) => (
      <span class="flex flex-wrap items-center gap-2">
        <Name row={row} by={by} month={month} />
        <Show when={row.is_open}>
          <Badge tone="idle">{t('margins.open')}</Badge>
        </Show>
      </span>
    ),
  },
  { id: 'revenue', header: t('margins.revenue'), numeric: true, cell: (row) => say.money(row.revenue, row.currency) },
  {
    id: 'cost',
    header: t('margins.cost'),
    numeric: true,
    cell: (row) => (
      <>
        <span class={row.cost === null ? 'text-muted' : ''}>{costText(row)}</span>
        <Show when={row.cost !== null && row.unknown.count > 0}>
          <span class="block text-[0.8125rem] text-muted">{unknownText(row)}</span>
        </Show>
      </>
    ),
  },
  {
    id: 'margin',
    header: t('margins.margin'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => (row.margin === null ? '–' : say.money(row.margin, row.currency)),
  },
  {
    id: 'percent',
    header: '%',
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => (row.margin_percent === null ? '–' : `${say.decimal(row.margin_percent, 2)} %`),
  },
]

/** Opens what lies beneath it; a machine its own page. */
function Name(props: { row: MarginRow; by: Way; month: string }) {
  const { row } = props
  const href = () => {
    const beneath = { by: 'resource', month: props.month }
    if (props.by === 'customer' && row.account) return paths.margins({ ...beneath, account_id: row.account.id })
    if (props.by === 'realm') return paths.margins({ ...beneath, realm: row.realm ?? 'none' })
    if (props.by === 'product' && row.product)
      return paths.margins({ ...beneath, product: row.product.plan?.id ?? row.product.kind })
    return row.realm !== null && row.resource ? paths.resource(row.resource.id) : undefined
  }
  return (
    <Show when={href()} fallback={<span class="font-medium">{rowName(row, props.by)}</span>}>
      {(to) => (
        <A href={to()} class="link font-medium">
          {rowName(row, props.by)}
        </A>
      )}
    </Show>
  )
}
