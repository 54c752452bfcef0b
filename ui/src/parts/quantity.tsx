/** A number and its unit, the unit quieter. */
import { Show } from 'solid-js'
import { say } from '../i18n/say.ts'

export const Bytes = (props: { value: string | number | undefined }) => (
  <Show when={props.value !== undefined} fallback={<Nothing />}>
    {(() => {
      const parts = () => say.bytesParts(props.value ?? 0)
      return (
        <>
          {parts().number} <span class="text-muted">{parts().unit}</span>
        </>
      )
    })()}
  </Show>
)

export const Count = (props: { value: string | number | undefined }) => (
  <Show when={props.value !== undefined} fallback={<Nothing />}>
    {say.decimal(props.value ?? 0)}
  </Show>
)

export const Nothing = () => <span class="text-faint">–</span>

/** An hourly cost is shown with at most five decimals; the exact price stands in the tip. */
const HOURLY_DECIMALS = 5
export const HourlyCost = (props: { cost: { amount: string; currency: string } | null; none: string }) => (
  <Show when={props.cost} fallback={<span class="text-faint">{props.none}</span>}>
    {(cost) => (
      <span title={`${cost().amount} ${cost().currency}`}>
        {say.rate(cost().amount, cost().currency, HOURLY_DECIMALS)}
      </span>
    )}
  </Show>
)
