/** How a price is taxed: its class, and whether its amounts include the tax. */
import type { Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { TAX_CLASSES } from '../i18n/words.ts'
import { CheckField, SelectField } from '../kit/field.tsx'

type Fields = Pick<Price, 'tax_class' | 'tax_inclusive'>

interface Props {
  fields: Fields
  /** a percentage is of amounts without tax */
  mayInclude: boolean
  onChange: (change: Partial<Fields>) => void
}
export const PriceTax = (props: Props) => (
  <>
    <SelectField
      label={t('tax.class')}
      hint={t('tax.class_hint')}
      value={props.fields.tax_class}
      options={TAX_CLASSES.map((value) => ({ value, label: t(`tax.class_${value}`) }))}
      onChange={(value) => props.onChange({ tax_class: TAX_CLASSES.find((one) => one === value) ?? 'standard' })}
    />
    <div class="flex items-center sm:pt-5">
      <CheckField
        label={t('tax.inclusive')}
        hint={t('tax.inclusive_hint')}
        checked={props.fields.tax_inclusive && props.mayInclude}
        disabled={!props.mayInclude}
        onChange={(tax_inclusive) => props.onChange({ tax_inclusive })}
      />
    </div>
  </>
)
