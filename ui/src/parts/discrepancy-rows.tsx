/** Differences as rows: each opens to what both sides say, and to its remedy. */
import { A } from '@solidjs/router'
import ChevronDown from 'lucide-solid/icons/chevron-down'
import type { JSX } from 'solid-js'
import { For, Show } from 'solid-js'
import type { Discrepancy } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, buttonClass } from '../kit/button.tsx'
import type { TableColumn } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { meterText } from './meter-text.ts'
import { sizeText } from './resource-history.tsx'

type Side = Discrepancy['seen']
type Way = NonNullable<Discrepancy['per_month']>['way']
export const WAY_TONE = { loss: 'bad', overcharge: 'warn', disputed: 'accent', none: 'idle' } as const satisfies Record<
  Way,
  string
>

export const nameOf = ({ resource, service, kind }: Discrepancy): string =>
  service && (kind === 'ghost' || !resource) ? service.plan[language()] : (resource?.name ?? '')

const Amount = (props: { of: Discrepancy['per_month'] }) => (
  <Show when={props.of} fallback={<span class="text-muted">{t('reconciliation.no_amount')}</span>}>
    {(of) => (
      <>
        <span class="font-medium whitespace-nowrap">{say.money(of().amount, of().currency)}</span>
        <span class="block text-[0.8125rem] text-muted sm:whitespace-nowrap">{t(`reconciliation.${of().way}`)}</span>
      </>
    )}
  </Show>
)

const Difference = (props: { of: Discrepancy }) => (
  <Badge wraps tone={WAY_TONE[props.of.per_month?.way ?? 'none']}>
    {t(`reconciliation.kinds.${props.of.kind}`)}
  </Badge>
)

export const discrepancyColumns = (
  isOpen: (id: string) => boolean,
  toggle: (id: string) => void,
): TableColumn<Discrepancy>[] => [
  {
    id: 'what',
    header: t('reconciliation.what'),
    class: 'sm:min-w-36',
    cell: (row) => (
      <>
        <span class="font-medium [overflow-wrap:anywhere]">{nameOf(row)}</span>
        <span class="block text-[0.8125rem] [overflow-wrap:anywhere] text-muted">
          {row.resource ? `${t(`kind.${row.resource.kind}`)} · ${row.resource.realm}` : t('reconciliation.services')}
        </span>
        <span class="mt-1 block sm:hidden">
          <Difference of={row} />
        </span>
      </>
    ),
  },
  {
    id: 'kind',
    header: t('reconciliation.difference'),
    wideOnly: true,
    class: 'whitespace-nowrap',
    cell: (row) => <Difference of={row} />,
  },
  {
    id: 'account',
    header: t('reconciliation.account'),
    wideOnly: true,
    cell: (row) => row.account?.name ?? <span class="text-muted">{t('reconciliation.nobody')}</span>,
  },
  {
    id: 'since',
    header: t('reconciliation.since'),
    wideOnly: true,
    class: 'whitespace-nowrap',
    cell: (row) => (row.since === null ? '–' : say.instant(row.since)),
  },
  {
    id: 'money',
    header: t('reconciliation.per_month'),
    numeric: true,
    cell: (row) => <Amount of={row.per_month} />,
  },
  {
    id: 'details',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right whitespace-nowrap',
    cell: (row) => (
      <Button
        size="small"
        aria-expanded={isOpen(row.id)}
        aria-label={`${t('reconciliation.details')}: ${nameOf(row)}, ${t(`reconciliation.kinds.${row.kind}`)}`}
        onClick={() => toggle(row.id)}
      >
        <span class="max-sm:hidden">{t('reconciliation.details')}</span>
        <ChevronDown size={16} class={`sm:hidden ${isOpen(row.id) ? 'rotate-180' : ''}`} />
      </Button>
    ),
  },
]

/** Both sides, and what can be done about it. */
export function Evidence(props: { of: Discrepancy; onAdopt: (() => void) | undefined }) {
  const of = () => props.of
  return (
    <div class="flex flex-col gap-3 rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm">
      <p class="m-0 max-w-3xl">{t(`reconciliation.says.${of().kind}`)}</p>
      <div class="grid gap-4 sm:grid-cols-2">
        <SideList title={t('reconciliation.seen')} side={of().seen} />
        <SideList title={t('reconciliation.sold')} side={of().sold} />
      </div>
      <p class="m-0 text-muted">
        {t('reconciliation.since')} {of().since === null ? '–' : say.instant(of().since ?? '')}
      </p>
      <div class="flex flex-wrap gap-2">
        <Show when={props.onAdopt}>
          {(adopt) => (
            <Button size="small" variant="primary" onClick={() => adopt()()}>
              {t('reconciliation.adopt')}
            </Button>
          )}
        </Show>
        <Show when={of().resource}>
          {(machine) => (
            <A href={paths.resource(machine().id)} class={buttonClass('secondary', 'small')}>
              {t('reconciliation.open_machine')}
            </A>
          )}
        </Show>
        <Show when={of().account ?? of().sold.account}>
          {(account) => (
            <A href={paths.services(account().id)} class={buttonClass('secondary', 'small')}>
              {t('reconciliation.open_services')}
            </A>
          )}
        </Show>
      </div>
    </div>
  )
}

const servicesText = (services: NonNullable<Side['services']>): JSX.Element => (
  <For each={services}>
    {({ id, plan, since, until, suspension }) => (
      <span class="block" data-service={id}>
        {plan[language()]}, {say.date(since)} – {until === null ? '' : say.date(until)}
        <Show when={suspension}>
          {(of) => (
            <span class="block text-muted">
              {t('reconciliation.suspended', { at: say.instant(of().from), reason: of().reason })}
            </span>
          )}
        </Show>
      </span>
    )}
  </For>
)

function SideList(props: { title: string; side: Side }) {
  const rows = (): [string, JSX.Element][] => {
    const { account, services, size, state, realm, host, ended_at, meters } = props.side
    const place = [realm, host?.name].filter(Boolean).join(' / ')
    const all: [string, JSX.Element][] = [
      ['owner_is', account === undefined ? '' : (account?.name ?? t('reconciliation.nobody'))],
      ['services', services ? servicesText(services) : ''],
      ['size', size ? sizeText(size) : ''],
      ['state', state ? t(`state.${state}`) : ''],
      ['place', place],
      ['ended', ended_at ? say.instant(ended_at) : ''],
      ['meters', (meters ?? []).map(meterText).join(', ')],
    ]
    return all.filter(([, value]) => value !== '')
  }
  return (
    <section>
      <h2 class="mb-1 text-[0.8125rem] font-medium text-muted">{props.title}</h2>
      <dl class="m-0 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <For each={rows()}>
          {([name, value]) => (
            <>
              <dt class="text-muted">{t(`reconciliation.${name as 'size'}`)}</dt>
              <dd class="m-0 min-w-0 break-words">{value}</dd>
            </>
          )}
        </For>
      </dl>
    </section>
  )
}
