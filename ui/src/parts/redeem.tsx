/** What an account has redeemed, what is left of it, and a box to enter a code. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, Show } from 'solid-js'
import { api, type Redemption } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { Load, ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'

/** "10 %", "€25.00" */
export const valueText = (coupon: Pick<Redemption, 'rate' | 'amount' | 'currency'>): string =>
  coupon.rate === null ? say.money(coupon.amount ?? '0', coupon.currency ?? 'EUR') : `${say.decimal(coupon.rate, 4)} %`

function leftText(one: Redemption): string {
  if (one.is_used_up) return t('coupons.used_up')
  const invoices = one.periods_left === null ? t('coupons.for_ever') : t('coupons.invoices_left', one.periods_left)
  const amount =
    one.amount_left === null
      ? ''
      : t('coupons.amount_left', { amount: say.money(one.amount_left, one.currency ?? 'EUR') })
  return [amount, invoices].filter(Boolean).join(', ')
}

export function Redeem(props: { account: string; class?: string }) {
  const client = useQueryClient()
  const may = createMay()
  const query = useQuery(() => queries.redemptions(props.account))
  const [code, setCode] = createSignal('')
  const form = createSubmit({
    run: (entered: string) => api.redeem(props.account, entered),
    onDone: (made) => {
      tell(t('coupons.redeemed', { code: made.code }), 'ok', t('common.close'))
      setCode('')
      for (const key of ['coupons', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  return (
    <div class={props.class}>
      <Section title={t('coupons.codes')}>
        <form
          class="flex flex-wrap items-end gap-2 border-b border-line px-4 py-3"
          onSubmit={(event) => {
            event.preventDefault()
            if (code().trim()) void form.submit(code().trim())
          }}
        >
          <TextField
            class="w-full max-w-64"
            label={t('coupons.enter')}
            maxlength={60}
            value={code()}
            error={form.fieldError('/code')}
            onInput={(event) => setCode(event.currentTarget.value.toUpperCase())}
          />
          <Button type="submit" busy={form.busy()} disabled={!code().trim()} {...may('accounts.write')}>
            {t('coupons.redeem')}
          </Button>
        </form>
        <Show when={form.restError(['/code'])}>
          {(problem) => (
            <div class="px-4 py-3">
              <ProblemNote error={problem()} />
            </div>
          )}
        </Show>
        <Load query={query}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={<p class="m-0 px-4 py-3 text-sm text-muted">{t('coupons.none_redeemed')}</p>}
            >
              <RedemptionList items={data().items} />
            </Show>
          )}
        </Load>
      </Section>
    </div>
  )
}

export const RedemptionList = (props: { items: readonly Redemption[]; named?: boolean }) => (
  <ul class="m-0 list-none p-0">
    <For each={props.items}>
      {(one) => (
        <li class="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 text-sm last:border-b-0">
          <span class="font-medium">{props.named ? one.account_name : one.code}</span>
          <Show when={!props.named}>
            <span class="tabular">{valueText(one)}</span>
          </Show>
          <Badge tone={one.is_used_up ? 'idle' : 'ok'}>{leftText(one)}</Badge>
          <span class="ml-auto text-[0.8125rem] text-muted">{say.instant(one.redeemed_at)}</span>
        </li>
      )}
    </For>
  </ul>
)
