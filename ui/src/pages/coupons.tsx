/** Coupons: what each takes off, how often it was redeemed and by whom, and what it gave away. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Download from 'lucide-solid/icons/download'
import Pause from 'lucide-solid/icons/pause'
import Play from 'lucide-solid/icons/play'
import Plus from 'lucide-solid/icons/plus'
import Ticket from 'lucide-solid/icons/ticket-percent'
import Users from 'lucide-solid/icons/users'
import { createSignal, Show } from 'solid-js'
import { api, type Coupon } from '../api.ts'
import { links } from '../links.ts'
import { language, t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { KINDS } from '../i18n/words.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, buttonClass, IconButton } from '../kit/button.tsx'
import { Drawer } from '../kit/dialog.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { CouponDialog } from '../parts/coupon-dialog.tsx'
import { createSubmit } from '../parts/form.ts'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { RedemptionList, valueText } from '../parts/redeem.tsx'
import { queries } from '../queries.ts'

export default function Coupons() {
  const client = useQueryClient()
  const query = useQuery(() => queries.coupons())
  const plans = useQuery(() => queries.plans())
  const sold = () =>
    new Map(
      (plans.status === 'success' ? plans.data.items : []).map((one) => [one.price_book_id, one.name[language()]]),
    )
  const may = createMay()
  const [making, setMaking] = createSignal(false)
  const [looking, setLooking] = createSignal<Coupon | null>(null)
  const toggle = createSubmit({
    run: (one: Coupon) => api.changeCoupon(one.id, one.state === 'active' ? 'paused' : 'active'),
    onDone: () => void client.invalidateQueries({ queryKey: ['coupons'] }),
  })
  const make = () => (
    <Button variant="primary" icon={<Plus size={16} />} onClick={() => setMaking(true)} {...may('catalog.write')}>
      {t('coupons.make')}
    </Button>
  )
  return (
    <Page
      title={t('coupons.title')}
      lead={t('coupons.lead')}
      curl={['/coupons']}
      actions={
        <>
          <a href={links.coupons} rel="external" download="coupons.csv" class={buttonClass()}>
            <Download size={16} />
            CSV
          </a>
          {make()}
        </>
      }
    >
      <Show when={toggle.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <div class="card">
        <Load query={query}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={
                <EmptyState
                  icon={<Ticket size={20} />}
                  title={t('coupons.empty')}
                  text={t('coupons.empty_text')}
                  action={make()}
                />
              }
            >
              <Table
                label={t('coupons.title')}
                columns={columns(setLooking, (one) => void toggle.submit(one), may, sold())}
                rows={data().items}
              />
            </Show>
          )}
        </Load>
      </div>
      <Show when={making()}>
        <CouponDialog onClose={() => setMaking(false)} />
      </Show>
      <Show when={looking()} keyed>
        {(coupon) => <Redeemed coupon={coupon} onClose={() => setLooking(null)} />}
      </Show>
    </Page>
  )
}

/** `plans`: their names by their price books. */
function scopeText({ scope }: Coupon, plans: ReadonlyMap<string, string>): string {
  if (scope.type === 'account') return t('coupons.scope_account')
  if (scope.type === 'price_book') return plans.get(scope.price_book_id) ?? t('coupons.scope_price_book')
  const word = (one: string) => {
    const kind = KINDS.find((known) => known === one)
    return kind ? t(`kind.${kind}`) : one
  }
  return scope.components.map(word).join(', ')
}
const durationText = (one: Coupon): string =>
  one.duration === 'periods' ? t('coupons.invoices', one.periods ?? 0) : t(`coupons.duration_${one.duration}`)

const columns = (
  onLook: (coupon: Coupon) => void,
  onToggle: (coupon: Coupon) => void,
  may: ReturnType<typeof createMay>,
  plans: ReadonlyMap<string, string>,
): TableColumn<Coupon>[] => [
  {
    id: 'code',
    header: t('coupons.code'),
    cell: (row) => (
      <>
        <span class="font-medium whitespace-nowrap">{row.code}</span>
        <span class="block text-[0.8125rem] text-muted">{row.name}</span>
      </>
    ),
  },
  { id: 'value', header: t('coupons.type'), class: 'tabular whitespace-nowrap', cell: valueText },
  { id: 'scope', header: t('coupons.scope'), wideOnly: true, cell: (row) => scopeText(row, plans) },
  { id: 'duration', header: t('coupons.duration'), wideOnly: true, cell: durationText },
  {
    id: 'state',
    header: t('coupons.state'),
    cell: (row) => <Badge tone={row.state === 'active' ? 'ok' : 'idle'}>{t(`coupons.state_${row.state}`)}</Badge>,
  },
  {
    id: 'count',
    header: t('coupons.redemptions'),
    numeric: true,
    cell: (row) =>
      row.max_redemptions === null
        ? say.decimal(row.redemption_count)
        : `${say.decimal(row.redemption_count)} / ${say.decimal(row.max_redemptions)}`,
  },
  {
    id: 'used',
    header: t('coupons.given'),
    numeric: true,
    wideOnly: true,
    cell: (row) => (row.used === null || row.currency === null ? '–' : say.money(row.used, row.currency)),
  },
  {
    id: 'actions',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right whitespace-nowrap',
    cell: (row) => (
      <span class="inline-flex">
        <IconButton label={t('coupons.who', { code: row.code })} onClick={() => onLook(row)}>
          <Users size={16} />
        </IconButton>
        <IconButton
          label={t(row.state === 'active' ? 'coupons.pause' : 'coupons.resume', { code: row.code })}
          onClick={() => onToggle(row)}
          {...may('catalog.write')}
        >
          {row.state === 'active' ? <Pause size={16} /> : <Play size={16} />}
        </IconButton>
      </span>
    ),
  },
]

function Redeemed(props: { coupon: Coupon; onClose: () => void }) {
  const query = useQuery(() => queries.couponRedemptions(props.coupon.id))
  return (
    <Drawer
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('coupons.who', { code: props.coupon.code })}
    >
      <Load query={query}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<p class="m-0 text-muted">{t('coupons.none_redeemed')}</p>}>
            <RedemptionList items={data().items} named />
          </Show>
        )}
      </Load>
    </Drawer>
  )
}
