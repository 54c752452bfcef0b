/** Months that are or were closed. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import CalendarCheck from 'lucide-solid/icons/calendar-check'
import { createSignal, Show } from 'solid-js'
import type { PeriodClose } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { CloseState, monthText, netText } from '../parts/close-state.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { OpenCloseDialog } from '../parts/open-close.tsx'
import { Page } from '../parts/page.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function Closes() {
  const query = useQuery(() => queries.closes())
  const may = createMay()
  const [opening, setOpening] = createSignal(false)
  const button = () => (
    <Button
      variant="primary"
      icon={<CalendarCheck size={16} />}
      onClick={() => setOpening(true)}
      {...may('billing.write')}
    >
      {t('closing.open')}
    </Button>
  )
  return (
    <Page
      title={t('closing.title')}
      lead={t('closing.lead')}
      above={<BackLink href={paths.invoices} label={t('invoices.title')} />}
      curl={['/period-closes']}
      actions={button()}
    >
      <div class="card">
        <Load query={query}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={
                <EmptyState
                  icon={<CalendarCheck size={20} />}
                  title={t('closing.empty')}
                  text={t('closing.empty_text')}
                  action={button()}
                />
              }
            >
              <Table label={t('closing.title')} columns={columns()} rows={data().items} />
            </Show>
          )}
        </Load>
      </div>
      <Show when={opening()}>
        <OpenCloseDialog onClose={() => setOpening(false)} />
      </Show>
    </Page>
  )
}

const columns = (): TableColumn<PeriodClose>[] => [
  {
    id: 'month',
    header: t('closing.month'),
    class: 'whitespace-nowrap',
    cell: (row) => (
      <A
        href={paths.close(row.id)}
        class="inline-block rounded font-medium text-text first-letter:uppercase hover:text-accent-text"
      >
        {monthText(row.month)}
      </A>
    ),
  },
  { id: 'company', header: t('settings.company'), wideOnly: true, cell: (row) => row.legal_entity.name },
  { id: 'state', header: t('closing.state'), cell: (row) => <CloseState state={row.state} /> },
  {
    id: 'issued',
    header: t('closing.account_state.issued'),
    numeric: true,
    cell: (row) => say.decimal(row.counts.issued),
  },
  {
    id: 'left',
    header: t('closing.left'),
    numeric: true,
    cell: (row) => say.decimal(row.counts.ready + row.counts.held + row.counts.parked + row.counts.waiting),
  },
  {
    id: 'net',
    header: t('closing.issued_net'),
    numeric: true,
    wideOnly: true,
    cell: (row) => netText(row, 'issued_net'),
  },
  { id: 'by', header: t('closing.opened_by'), wideOnly: true, cell: (row) => row.opened_by },
]
