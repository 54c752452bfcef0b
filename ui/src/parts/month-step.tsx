/** The month that a report is of, and the ones beside it; the present one is none that was chosen. */
import ChevronLeft from 'lucide-solid/icons/chevron-left'
import ChevronRight from 'lucide-solid/icons/chevron-right'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { IconButton } from '../kit/button.tsx'
import { monthAt } from './month-bill.tsx'

export function MonthStep(props: { month: string; onChange: (month: string | undefined) => void }) {
  const present = new Date().toISOString().slice(0, 7)
  const go = (step: number) => {
    const next = monthAt(props.month, step)
    props.onChange(next === present ? undefined : next)
  }
  return (
    <span class="inline-flex items-center gap-1">
      <IconButton label={t('my.month_before')} onClick={() => go(-1)} disabled={!props.month}>
        <ChevronLeft size={18} />
      </IconButton>
      <span class="min-w-32 text-center text-sm font-medium first-letter:uppercase">
        {props.month ? say.month(`${props.month}-15T12:00:00Z`, 'UTC') : ''}
      </span>
      <IconButton label={t('my.month_after')} onClick={() => go(1)} disabled={props.month >= present}>
        <ChevronRight size={18} />
      </IconButton>
    </span>
  )
}
