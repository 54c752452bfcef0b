/** Words and pieces of repricing: states, prices before and after, and what could not be computed. */
import { For, type JSX, Show } from 'solid-js'
import type { DecidedPrice, PriceChange, RepricingMark, WhatIf } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Status, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { PriceAmount } from './price-text.tsx'

const CHANGE: Record<PriceChange['state'], Tone> = { draft: 'warn', published: 'ok', discarded: 'idle' }
const WHAT_IF: Record<WhatIf['state'], Tone> = { running: 'accent', done: 'ok', cancelled: 'idle' }

/** What it is called: an undo by what it undoes. */
export const changeName = ({ name, undoes }: Pick<PriceChange, 'name' | 'undoes'>): string =>
  undoes ? t('repricing.undo_of', { name: undoes.name }) : name

export const ChangeState = (props: { change: Pick<PriceChange, 'state' | 'undone_by'> }) => (
  <Status tone={props.change.undone_by ? 'idle' : CHANGE[props.change.state]}>
    {props.change.undone_by ? t('repricing.undone') : t(`repricing.state.${props.change.state}`)}
  </Status>
)
export const WhatIfState = (props: { state: WhatIf['state'] }) => (
  <Status tone={WHAT_IF[props.state]}>{t(`repricing.what_if_state.${props.state}`)}</Status>
)

/** "+7.5 %", "−3 to +2 %" */
export function deltaText(delta: DecidedPrice['delta']): string {
  if (!delta) return '–'
  const [least, most] = [signedPercent(delta.least), signedPercent(delta.most)]
  return least === most ? least : t('repricing.from_to', { least, most })
}
export const signedPercent = (text: string): string =>
  `${text.startsWith('-') || Number(text) === 0 ? '' : '+'}${say.decimal(text, 2)} %`
export const signedMoney = (amount: string, currency: string): string =>
  `${amount.startsWith('-') || Number(amount) === 0 ? '' : '+'}${say.money(amount, currency)}`

export const Content = (props: { content: DecidedPrice['before']; currency: string }) => (
  <Show when={props.content} fallback={<span class="text-muted">{t('repricing.no_price')}</span>}>
    {(content) => <PriceAmount price={{ ...content(), currency: props.currency }} />}
  </Show>
)

/** Lines that stay as they were billed, with the reason; nothing where there are none. */
export const Marks = (props: { marks: readonly RepricingMark[]; currency: string }) => (
  <Show when={props.marks.length > 0}>
    <div class="rounded-lg border border-warn-mark/40 bg-warn-soft px-3.5 py-3 text-sm">
      <p class="m-0 font-medium text-warn">{t('repricing.not_computed')}</p>
      <ul class="m-0 mt-1 list-disc pl-5">
        <For each={props.marks}>
          {(mark) => (
            <li>
              {t(`repricing.why.${mark.why}`)}:{' '}
              {t('repricing.marked', { count: say.decimal(mark.lines), net: say.money(mark.net, props.currency) })}
            </li>
          )}
        </For>
      </ul>
    </div>
  </Show>
)

export const Figure = (props: { label: string; value: JSX.Element }) => (
  <div>
    <dt class="text-xs text-muted">{props.label}</dt>
    <dd class="tabular m-0 text-lg font-semibold">{props.value}</dd>
  </div>
)

export const More = (props: { has: boolean; busy: boolean; onMore: () => void }) => (
  <Show when={props.has}>
    <div class="border-t border-line p-3 text-center">
      <Button busy={props.busy} onClick={() => props.onMore()}>
        {t('repricing.more')}
      </Button>
    </div>
  </Show>
)
