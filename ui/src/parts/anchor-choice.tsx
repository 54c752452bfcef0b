/** By which months fees are charged: those of the calendar, or from the day on which a service begins. */
import type { Plan } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Choice } from '../kit/field.tsx'

type Anchor = Plan['anchor']
const ANCHORS: readonly Anchor[] = ['calendar', 'anniversary']

export const AnchorChoice = (props: { value: Anchor; onChange: (anchor: Anchor) => void }) => (
  <div>
    <Choice
      legend={t('plans.anchor')}
      value={props.value}
      choices={ANCHORS.map((value) => ({ value, label: t(`plans.anchor_${value}`) }))}
      onChange={(value) => props.onChange(value)}
    />
    <p class="m-0 mt-1.5 text-[0.8125rem] text-muted">{t(`plans.anchor_${props.value}_hint`)}</p>
  </div>
)
