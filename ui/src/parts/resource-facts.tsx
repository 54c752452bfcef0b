/** What a resource is: identity, evidence, attributes, placement, cost, current values. */
import { A } from '@solidjs/router'
import type { JSX } from 'solid-js'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { CurrentValues, ResourceCost, ResourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { METERS } from '../i18n/words.ts'
import { controlClass } from '../kit/field.tsx'
import { Table } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { timedUnit } from './price-text.tsx'
import { ResourceState } from './state.tsx'

type Json = ResourceDetail['attributes'][string]

const Row = (props: { label: string; children: JSX.Element; mono?: boolean }) => (
  <>
    <dt class="text-muted">{props.label}</dt>
    <dd class={`m-0 min-w-0 break-words ${props.mono ? 'font-mono text-xs leading-5 break-all' : ''}`}>
      {props.children}
    </dd>
  </>
)

/** Names that end in `_bytes` hold bytes, wherever they stand. */
function valueText(value: Json, name = ''): string {
  if (value === null) return '–'
  if (Array.isArray(value)) return value.map((one) => valueText(one)).join('\n')
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([inner, one]) => `${wordsOf(inner)}: ${valueText(one, inner)}`)
      .join(' · ')
  return name.endsWith('_bytes') ? say.bytes(String(value)) : String(value)
}
const wordsOf = (name: string) => name.replace(/_bytes$/, '').replaceAll('_', ' ')
const isSomething = (value: Json) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)

export function Identity(props: { resource: ResourceDetail }) {
  const evidence = createMemo(() =>
    Object.entries(props.resource.evidence).flatMap(([name, value]) =>
      value?.length ? [[name, valueText(value)] as const] : [],
    ),
  )
  const attributes = () => Object.entries(props.resource.attributes).filter(([, value]) => isSomething(value))
  return (
    <dl class="m-0 grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5 p-4 text-[0.8125rem]">
      <Row label={t('resources.realm')}>{props.resource.realm}</Row>
      <Row label={t('resource.external_id')} mono>
        {props.resource.external_id}
      </Row>
      <Show when={props.resource.incarnation}>
        <Row label={t('resource.incarnation')} mono>
          {props.resource.incarnation}
        </Row>
      </Show>
      <Row label={t('resources.first_seen')}>{say.instant(props.resource.first_seen_at)}</Row>
      <Show when={props.resource.sources.length > 0}>
        <Row label={t('resource.sources')}>
          <For each={props.resource.sources}>
            {(one) => (
              <span class="block">
                {one.connector} <span class="text-muted">· {one.agent_name}</span>
              </span>
            )}
          </For>
        </Row>
      </Show>
      <For each={evidence()}>
        {([name, text]) => (
          <Row label={wordsOf(name)} mono>
            <span class="whitespace-pre-line">{text}</span>
          </Row>
        )}
      </For>
      <For each={attributes()}>
        {([name, value]) => (
          <Row label={wordsOf(name)}>
            <span class="whitespace-pre-line">{valueText(value, name)}</span>
          </Row>
        )}
      </For>
    </dl>
  )
}

const SHOWN_PLACED = 12

export function Placement(props: { resource: ResourceDetail }) {
  const [all, setAll] = createSignal(false)
  const placed = () => (all() ? props.resource.placed_here : props.resource.placed_here.slice(0, SHOWN_PLACED))
  return (
    <div class="flex flex-col gap-4 p-4">
      <div>
        <h3 class="mb-1 text-[0.8125rem] font-medium text-muted">{t('resource.runs_on')}</h3>
        <Show when={props.resource.host} fallback={<p class="m-0 text-muted">{t('resource.not_placed')}</p>}>
          {(host) => (
            <Show when={host().id} fallback={host().name}>
              {(id) => (
                <A href={paths.resource(id())} class="link font-medium">
                  {host().name}
                </A>
              )}
            </Show>
          )}
        </Show>
      </div>
      <div>
        <h3 class="mb-1 text-[0.8125rem] font-medium text-muted">
          {t('resource.placed_here')} <span class="tabular font-normal">{props.resource.placed_here.length || ''}</span>
        </h3>
        <Show when={placed().length > 0} fallback={<p class="m-0 text-muted">{t('resource.nothing_placed')}</p>}>
          <ul class="m-0 list-none p-0">
            <For each={placed()}>
              {(one) => (
                <li class="flex items-center justify-between gap-3 border-b border-line py-1.5 last:border-0">
                  <span class="min-w-0 truncate">
                    <A href={paths.resource(one.id)} class="rounded text-text hover:text-accent-text">
                      {one.name}
                    </A>{' '}
                    <span class="text-[0.8125rem] text-muted">{t(`kind.${one.kind}`)}</span>
                  </span>
                  <ResourceState state={one.state} />
                </li>
              )}
            </For>
          </ul>
          <Show when={!all() && props.resource.placed_here.length > SHOWN_PLACED}>
            <button type="button" class="link mt-2 text-[0.8125rem]" onClick={() => setAll(true)}>
              {t('common.show_all')}
            </button>
          </Show>
        </Show>
      </div>
    </div>
  )
}

/** `vm.memory` → "Memory"; the kind is known from the page. */
export function componentText(component: string): string {
  const meter = METERS.find((one) => component.endsWith(`.${one}`) || component === one)
  return meter ? t(`meter.${meter}`) : component
}

export const CostLines = (props: { cost: ResourceCost }) => (
  <Show
    when={props.cost.lines.length > 0}
    fallback={<p class="m-0 px-4 py-6 text-center text-muted">{t('resource.no_cost')}</p>}
  >
    <Table
      label={t('resource.cost_so_far')}
      dense
      rows={props.cost.lines}
      columns={[
        { id: 'component', header: t('resource.component'), cell: (row) => componentText(row.component) },
        {
          id: 'quantity',
          header: t('resource.quantity'),
          numeric: true,
          class: 'whitespace-nowrap',
          cell: (row) => <CostQuantity line={row} />,
        },
        {
          id: 'amount',
          header: t('resource.amount'),
          numeric: true,
          cell: (row) => say.money(row.amount, props.cost.currency),
        },
      ]}
    />
  </Show>
)

const CostQuantity = (props: { line: ResourceCost['lines'][number] }) => (
  <>
    {say.decimal(props.line.quantity_display, 3)}{' '}
    <span class="text-muted">{timedUnit(props.line.unit, props.line.per)}</span>
  </>
)

const valueOf = ({ value, unit }: CurrentValues['items'][number]) => {
  if (unit === 'bytes') return say.bytes(value)
  if (unit === 'seconds') return `${say.decimal(value, 2)} s`
  return say.decimal(value, 3)
}

export function Current(props: { values: CurrentValues }) {
  const [filter, setFilter] = createSignal('')
  const rows = createMemo(() =>
    props.values.items.filter((one) =>
      `${one.metric} ${one.device ?? ''}`.toLowerCase().includes(filter().toLowerCase()),
    ),
  )
  return (
    <>
      <div class="border-b border-line p-3">
        <input
          type="search"
          aria-label={t('resource.current_filter')}
          placeholder={t('resource.current_filter')}
          value={filter()}
          onInput={(event) => setFilter(event.currentTarget.value)}
          class={`${controlClass} max-w-xs`}
        />
      </div>
      <div class="max-h-96 overflow-y-auto">
        <Table
          label={t('resource.current')}
          dense
          rows={rows()}
          columns={[
            { id: 'metric', header: t('resource.metric'), class: 'font-mono text-xs', cell: (row) => row.metric },
            { id: 'device', header: t('resource.device'), class: 'text-muted', cell: (row) => row.device ?? '' },
            {
              id: 'value',
              header: t('resource.value'),
              numeric: true,
              class: 'whitespace-nowrap',
              cell: (row) => <span title={`${row.value} ${row.unit}`}>{valueOf(row)}</span>,
            },
            {
              id: 'seen',
              header: t('resource.seen'),
              class: 'whitespace-nowrap text-muted',
              cell: (row) => say.clock(row.seen_at),
            },
          ]}
        />
      </div>
    </>
  )
}
