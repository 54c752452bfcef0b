/** Every document that went by mail, and what became of it; first of all what a person must see to. */
import { useSearchParams } from '@solidjs/router'
import { useInfiniteQuery } from '@tanstack/solid-query'
import MailIcon from 'lucide-solid/icons/mail'
import { Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { EmptyState } from '../kit/empty.tsx'
import { Choice } from '../kit/field.tsx'
import { BackLink } from '../parts/back.tsx'
import { Load } from '../parts/load.tsx'
import { MailTable } from '../parts/mail-table.tsx'
import { Page } from '../parts/page.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { MoreRows } from '../parts/more-rows.tsx'

const VIEWS = ['all', 'open', 'queued', 'sent', 'failed', 'unknown'] as const
type View = (typeof VIEWS)[number]

const filterOf = (view: View): Record<string, string> => {
  if (view === 'all') return {}
  return view === 'open' ? { open: 'true' } : { state: view }
}
const nameOf = (view: View): string =>
  view === 'all' || view === 'open' ? t(`mails.${view}`) : t(`mails.states.${view}`)

export default function Mails() {
  const [search, setSearch] = useSearchParams()
  const view = (): View => VIEWS.find((one) => one === search['show']) ?? 'all'
  const query = useInfiniteQuery(() => queries.mails(filterOf(view())))
  return (
    <Page
      title={t('mails.title')}
      above={<BackLink href={paths.invoices} label={t('invoices.title')} />}
      lead={t('mails.lead')}
      curl={['/mails']}
    >
      <div class="card min-w-0">
        <header class="border-b border-line px-4 py-3">
          <Choice
            legend={t('mails.state')}
            hideLegend
            value={view()}
            onChange={(chosen) => setSearch({ show: chosen === 'all' ? undefined : chosen }, { replace: true })}
            choices={VIEWS.map((value) => ({ value, label: nameOf(value) }))}
          />
        </header>
        <Load query={query}>
          {(data) => {
            const mails = () => data().pages.flatMap((page) => page.items)
            return (
              <Show
                when={mails().length > 0}
                fallback={
                  <EmptyState icon={<MailIcon size={20} />} title={t('mails.none')} text={t('mails.none_text')} />
                }
              >
                <MailTable mails={mails()} withDocument />
                <MoreRows query={query} />
              </Show>
            )
          }}
        </Load>
      </div>
    </Page>
  )
}
