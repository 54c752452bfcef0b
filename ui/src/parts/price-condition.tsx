/** Of which machines a cost is: as a provider's list has a price for each flavour or volume type. */
import type { Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { TextField } from '../kit/field.tsx'

type AppliesTo = NonNullable<Price['applies_to']>
interface Fields {
  attribute: string
  equals: string
}

/** undefined while a half of it is missing. */
export function conditionOf({ attribute, equals }: Fields): AppliesTo | undefined {
  const said = { attribute: attribute.trim(), equals: equals.trim() }
  return said.attribute && said.equals ? said : undefined
}

export const sameCondition = (a: AppliesTo | undefined, b: AppliesTo | undefined): boolean =>
  a?.attribute === b?.attribute && a?.equals === b?.equals

/** "flavor: m1.small" */
export const conditionText = (applies_to: AppliesTo | undefined): string =>
  applies_to ? `${applies_to.attribute}: ${applies_to.equals}` : ''

interface Props {
  fields: Fields
  /** a version is of the same machines as the one before it */
  isFixed: boolean
  form: { fieldError: (pointer: string) => string | undefined }
  onChange: (change: Partial<Fields>) => void
}

export const PriceCondition = (props: Props) => (
  <>
    <TextField
      label={t('margins.attribute')}
      hint={t('margins.attribute_hint')}
      maxlength={128}
      disabled={props.isFixed}
      value={props.fields.attribute}
      error={props.form.fieldError('/applies_to/attribute') ?? props.form.fieldError('/applies_to')}
      onInput={(event) => props.onChange({ attribute: event.currentTarget.value })}
    />
    <TextField
      label={t('margins.equals')}
      hint={t('margins.equals_hint')}
      maxlength={255}
      disabled={props.isFixed}
      value={props.fields.equals}
      error={props.form.fieldError('/applies_to/equals')}
      onInput={(event) => props.onChange({ equals: event.currentTarget.value })}
    />
  </>
)
