/** Whether the fee of a plan is charged before its month or after it. */
import { t } from '../i18n/language.ts'
import { Choice } from '../kit/field.tsx'
import type { TermsDraft } from './terms-draft.ts'

interface Props {
  value: TermsDraft['timing']
  onChange: (value: TermsDraft['timing']) => void
}
export const PriceTiming = (props: Props) => (
  <div class="sm:col-span-2">
    <Choice
      legend={t('prices.timing')}
      value={props.value}
      choices={(['arrears', 'advance'] as const).map((value) => ({ value, label: t(`prices.timing_${value}`) }))}
      onChange={(value) => props.onChange(value)}
    />
    <p class="m-0 mt-1.5 text-[0.8125rem] text-muted">{t('prices.timing_hint')}</p>
  </div>
)
