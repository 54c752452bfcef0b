/** A calculator beside the price form: a quantity, and what it costs tier by tier, as the server would charge it. */
import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js'
import { api, type NewPrice, type Quote } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { TextField } from '../kit/field.tsx'
import { asApiError } from '../problem.ts'
import { ChargeParts } from './charge-parts.tsx'
import { isPercentage } from './percentage-text.ts'
import { amountFault, plainAmount } from './price-rules.ts'

const WAIT_MS = 250

interface Props {
  price: NewPrice | null
  unit: string
  model: NewPrice['model']
  currency: string
}
export function PriceQuote(props: Props) {
  const [quantity, setQuantity] = createSignal('')
  const [quote, setQuote] = createSignal<Quote>()
  const [failure, setFailure] = createSignal<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked: AbortController | undefined
  const isShare = () => isPercentage(props.model)
  const isWrong = () => quantity() !== '' && amountFault(quantity()) !== null
  const ask = async (price: NewPrice, amount: string) => {
    asked = new AbortController()
    const { signal } = asked
    try {
      setQuote(await api.quotePrice({ price, quantity: amount }, signal))
    } catch (error) {
      if (!signal.aborted) setFailure(asApiError(error).message)
    }
  }
  createEffect(
    on([() => props.price, quantity], ([price, amount]) => {
      clearTimeout(timer)
      asked?.abort()
      setQuote(undefined)
      setFailure(undefined)
      if (price && amount !== '' && !isWrong()) timer = setTimeout(() => void ask(price, plainAmount(amount)), WAIT_MS)
    }),
  )
  onCleanup(() => {
    clearTimeout(timer)
    asked?.abort()
  })
  return (
    <div class="grid grid-cols-1 gap-3 rounded-lg border border-line bg-sunken px-3.5 py-3 sm:grid-cols-[12rem_1fr]">
      <TextField
        label={
          isShare() ? t('prices.try_charges', { currency: props.currency }) : t('prices.try', { unit: props.unit })
        }
        inputmode="decimal"
        value={quantity()}
        error={isWrong() ? t('prices.bad_amount') : undefined}
        onInput={(event) => setQuantity(event.currentTarget.value)}
      />
      <div aria-live="polite" class="min-w-0 text-sm">
        <Show
          when={quote()}
          fallback={
            <p class="m-0 text-muted">{failure() ?? t(isShare() ? 'prices.try_charges_text' : 'prices.try_text')}</p>
          }
        >
          {(known) => (
            <>
              <p class="tabular m-0 mb-1 font-medium">{say.money(known().amount, known().currency)}</p>
              <ChargeParts charge={known().charge} unit={props.unit} currency={known().currency} isShare={isShare()} />
            </>
          )}
        </Show>
      </div>
    </div>
  )
}
