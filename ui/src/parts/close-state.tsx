/** Words and colours of closing a month: its state, the states of its accounts, and their flags. */
import { For } from 'solid-js'
import type { ClosingAccount, PeriodClose } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { isZero } from '../kit/amount.ts'
import { Badge, Status, type Tone } from '../kit/badge.tsx'

const CLOSE: Record<PeriodClose['state'], Tone> = {
  preparing: 'accent',
  review: 'warn',
  finalising: 'accent',
  closed: 'ok',
  cancelled: 'idle',
}
const ACCOUNT: Record<ClosingAccount['state'], Tone> = {
  waiting: 'idle',
  ready: 'accent',
  held: 'warn',
  nothing: 'idle',
  issued: 'ok',
  parked: 'bad',
}

export const CloseState = (props: { state: PeriodClose['state'] }) => (
  <Status tone={CLOSE[props.state]}>{t(`closing.close_state.${props.state}`)}</Status>
)
export const AccountState = (props: { state: ClosingAccount['state'] }) => (
  <Status tone={ACCOUNT[props.state]}>{t(`closing.account_state.${props.state}`)}</Status>
)

export const Flags = (props: { flags: ClosingAccount['flags'] }) => (
  <span class="flex flex-wrap gap-1">
    <For each={props.flags}>
      {(flag) => (
        <Badge tone={flag === 'first_bill' ? 'idle' : 'warn'} title={t(`closing.flag_text.${flag}`)}>
          {t(`closing.flag.${flag}`)}
        </Badge>
      )}
    </For>
  </span>
)

/** `2026-10` → October 2026. */
export const monthText = (month: string): string => say.month(`${month}-15T12:00:00.000Z`, 'UTC')

/** A sum of a close: of the company's currency, and of each other in which there is something. Two are never added. */
export const netText = (close: PeriodClose, of: 'ready_net' | 'issued_net'): string =>
  [close, ...(close.others ?? []).filter((one) => !isZero(one[of]))]
    .map((one) => say.money(one[of], one.currency))
    .join(' + ')
