/** Accounts whose invoices differ from what is known now: looked for when asked, some accounts at a time, for it is work. */
import { A } from '@solidjs/router'
import { createSignal, Show } from 'solid-js'
import { api, type OpenDifference } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'

export function OpenDifferences() {
  const may = createMay()
  const [found, setFound] = createSignal<OpenDifference[]>()
  const [next, setNext] = createSignal<string | null>(null)
  const form = createSubmit({
    run: (cursor: string | null) => api.openDifferences({ cursor }),
    onDone: (page) => {
      setFound([...(next() ? (found() ?? []) : []), ...page.items])
      setNext(page.next_cursor)
    },
  })
  return (
    <Section
      title={t('notes.section')}
      lead={t('notes.section_lead')}
      actions={
        <Button size="small" busy={form.busy()} onClick={() => void form.submit(next())} {...may('billing.write')}>
          {form.busy() ? t('notes.looking') : next() ? t('notes.look_further') : t('notes.look')}
        </Button>
      }
    >
      <Show when={form.error()}>
        {(problem) => (
          <div class="p-4">
            <ProblemNote error={problem()} />
          </div>
        )}
      </Show>
      <Show when={found()}>
        {(list) => (
          <Show
            when={list().length > 0}
            fallback={<p class="m-0 px-4 py-3 text-sm text-muted">{t('notes.none_found')}</p>}
          >
            <Table label={t('notes.section')} columns={columns()} rows={list()} />
          </Show>
        )}
      </Show>
    </Section>
  )
}

const columns = (): TableColumn<OpenDifference>[] => [
  {
    id: 'account',
    header: t('invoices.account'),
    class: 'min-w-40',
    cell: (row) => (
      <>
        <span class="font-medium">{row.account.name}</span>
        <Show when={row.problem}>{(text) => <span class="block text-[0.8125rem] text-warn">{text()}</span>}</Show>
      </>
    ),
  },
  {
    id: 'documents',
    header: t('notes.documents'),
    numeric: true,
    wideOnly: true,
    cell: (row) => say.decimal(row.document_count),
  },
  {
    id: 'net',
    header: t('notes.difference'),
    numeric: true,
    cell: (row) => (row.net && row.currency ? say.money(row.net, row.currency) : '–'),
  },
  {
    id: 'review',
    header: t('common.actions'),
    hideHeader: true,
    class: 'text-right',
    cell: (row) => (
      <A
        href={paths.reRating(row.account.id)}
        class={buttonClass('secondary', 'small')}
        aria-label={`${t('notes.review')}: ${row.account.name}`}
      >
        {t('notes.review')}
      </A>
    ),
  },
]
