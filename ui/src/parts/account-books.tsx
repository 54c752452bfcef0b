/** Negotiated price books: which an account has when, assigning and ending; and who has one. */
import { A } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, Show } from 'solid-js'
import { api, type BookAssignment, type PriceBook } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { fromLocalInput } from '../kit/instant.ts'
import { Table, type TableColumn } from '../kit/table.tsx'
import { tell } from '../kit/toast.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { bookLabel } from './book-choice.tsx'
import { createSubmit } from './form.ts'
import { Load } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'
import { FormDialog } from './form-dialog.tsx'
import { createWhen, WhenFields } from './service-when.tsx'

const SHOWN = ['/from', '/at', '/to', '/price_book_id']

const spanColumns: () => TableColumn<BookAssignment>[] = () => [
  { id: 'from', header: t('books.from'), class: 'whitespace-nowrap tabular', cell: (row) => say.instant(row.from) },
  {
    id: 'to',
    header: t('books.to'),
    class: 'whitespace-nowrap tabular',
    cell: (row) => (row.to === null ? t('books.goes_on') : say.instant(row.to)),
  },
  {
    id: 'recorded',
    header: t('books.recorded'),
    wideOnly: true,
    class: 'text-muted',
    cell: (row) => [row.actor, row.reason].filter(Boolean).join(': '),
  },
]

export function AccountBooks(props: { account: string; name: string }) {
  const query = useQuery(() => queries.booksOf(props.account))
  const may = createMay()
  const [assigning, setAssigning] = createSignal(false)
  const [ending, setEnding] = createSignal<BookAssignment | null>(null)
  const columns = (): TableColumn<BookAssignment>[] => [
    {
      id: 'book',
      header: t('books.book'),
      class: 'min-w-36',
      cell: (row) => (
        <span class="inline-flex flex-wrap items-center gap-2">
          <A href={`${paths.prices}?book=${row.price_book.id}`} class="text-link">
            {row.price_book.name}
          </A>
          <Badge tone="idle">{t(`books.${row.negotiated_for}`)}</Badge>
        </span>
      ),
    },
    ...spanColumns(),
    {
      id: 'actions',
      header: t('common.actions'),
      hideHeader: true,
      class: 'text-right',
      cell: (row) => (
        <Button
          size="small"
          aria-label={t('books.end_label', { name: row.price_book.name })}
          onClick={() => setEnding(row)}
          {...may('contracts.write')}
        >
          {t('books.end')}
        </Button>
      ),
    },
  ]
  return (
    <Section
      class="mt-4"
      title={t('books.title')}
      lead={t('books.lead')}
      actions={
        <Button size="small" icon={<Plus size={15} />} onClick={() => setAssigning(true)} {...may('contracts.write')}>
          {t('books.assign')}
        </Button>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<p class="m-0 p-4 text-sm text-muted">{t('books.none')}</p>}>
            <Table label={t('books.title')} columns={columns()} rows={data().items} />
          </Show>
        )}
      </Load>
      <Show when={assigning()}>
        <AssignDialog account={props.account} name={props.name} onClose={() => setAssigning(false)} />
      </Show>
      <Show when={ending()} keyed>
        {(assignment) => <EndDialog assignment={assignment} onClose={() => setEnding(null)} />}
      </Show>
    </Section>
  )
}

/** Everything that other prices change is asked for anew. */
function createRefresh() {
  const client = useQueryClient()
  return () => {
    for (const key of ['prices', 'drafts', 'resource', 'resources']) void client.invalidateQueries({ queryKey: [key] })
  }
}

function AssignDialog(props: { account: string; name: string; onClose: () => void }) {
  const refresh = createRefresh()
  const books = useQuery(() => queries.priceBooks())
  const contracts = useQuery(() => queries.contracts(props.account))
  const [chosen, setChosen] = createSignal('')
  const [until, setUntil] = createSignal('')
  const when = createWhen(() => null)
  const list = (): PriceBook[] => {
    const bought = contracts.status === 'success' ? contracts.data.items : []
    const all = books.status === 'success' ? books.data.items : []
    return all.filter(
      (book) =>
        book.negotiated_for !== null &&
        bought.some((one) => one.legal_entity_id === book.legal_entity_id && one.currency === book.currency),
    )
  }
  const book = () => chosen() || list()[0]?.id || ''
  const end = () => (until() === '' ? null : fromLocalInput(until()))
  const isReady = () => book() !== '' && when.isReady() && (until() === '' || end() !== null)
  const form = createSubmit({
    run: () =>
      api.assignBook(props.account, {
        price_book_id: book(),
        from: when.at() ?? undefined,
        to: end(),
        ...when.said(),
      }),
    onDone: (made) => {
      tell(t('books.assigned', { name: made.price_book.name, at: say.instant(made.from) }), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('books.assign_title', { name: props.name })}
      lead={t('books.for_whom')}
      form={form}
      shown={SHOWN}
      ready={isReady()}
      button={t('books.assign')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <Show when={list().length > 0} fallback={<p class="m-0 text-sm text-muted">{t('books.no_book')}</p>}>
        <SelectField
          label={t('books.book')}
          value={book()}
          options={list().map((one) => ({ value: one.id, label: bookLabel(one) }))}
          error={form.fieldError('/price_book_id')}
          onChange={setChosen}
        />
        <WhenFields when={when} error={form.fieldError('/from')} />
        <TextField
          label={t('books.until')}
          hint={t('books.until_hint')}
          type="datetime-local"
          value={until()}
          error={form.fieldError('/to')}
          onInput={(event) => setUntil(event.currentTarget.value)}
        />
      </Show>
    </FormDialog>
  )
}

function EndDialog(props: { assignment: BookAssignment; onClose: () => void }) {
  const refresh = createRefresh()
  const when = createWhen(() => null)
  const name = () => props.assignment.price_book.name
  const form = createSubmit({
    run: () => api.endBook(props.assignment.id, { at: when.at() ?? undefined, ...when.said() }),
    onDone: () => {
      tell(t('books.ended', { name: name() }), 'ok', t('common.close'))
      refresh()
      props.onClose()
    },
  })
  return (
    <FormDialog
      title={t('books.end_title', { name: name() })}
      lead={t('books.end_text')}
      form={form}
      shown={SHOWN}
      ready={when.isReady()}
      button={t('books.end')}
      danger
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <WhenFields when={when} error={form.fieldError('/at')} />
    </FormDialog>
  )
}

/** Who has a negotiated book when: a group is all of them. */
export function BookHolders(props: { book: PriceBook }) {
  const query = useQuery(() => queries.holdersOf(props.book.id))
  const columns = (): TableColumn<BookAssignment>[] => [
    {
      id: 'account',
      header: t('invoices.account'),
      class: 'min-w-36',
      cell: (row) => (
        <A href={paths.services(row.account.id)} class="text-link">
          {row.account.name}
        </A>
      ),
    },
    ...spanColumns(),
  ]
  return (
    <Section class="mt-4" title={t('books.holders')} lead={t('books.for_whom')}>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<p class="m-0 p-4 text-sm text-muted">{t('books.no_holder')}</p>}
          >
            <Table label={t('books.holders')} columns={columns()} rows={data().items} />
          </Show>
        )}
      </Load>
    </Section>
  )
}
