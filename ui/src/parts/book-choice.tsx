/** Which price book is looked at: the standard ones of a company, and those that hold negotiated prices. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type NewPriceBook, type PriceBook } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { Choice, SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { sellerIn } from './seller.tsx'

/** The one of this id among those that are no plan's. */
export const bookIn = (books: readonly PriceBook[] | undefined, id: unknown): PriceBook | undefined =>
  books?.find((book) => book.id === id && isList(book))
const isList = (book: PriceBook): boolean => book.is_default || book.negotiated_for !== null

export const bookLabel = (book: PriceBook): string =>
  `${book.is_default ? t('books.standard') : book.name} (${[book.negotiated_for && t(`books.${book.negotiated_for}`), book.currency].filter(Boolean).join(', ')})`

export function BookChoice(props: { seller: string; chosen: string; onChoose: (id: string) => void }) {
  const entities = useQuery(() => queries.legalEntities())
  const books = useQuery(() => queries.priceBooks())
  const may = createMay()
  const [adding, setAdding] = createSignal(false)
  const seller = () => sellerIn(entities.status === 'success' ? entities.data?.items : undefined, props.seller)
  const list = () =>
    books.status === 'success'
      ? (books.data?.items ?? [])
          .filter((book) => isList(book) && book.legal_entity_id === seller()?.id)
          .toSorted((a, b) => Number(b.is_default) - Number(a.is_default))
      : []
  const usual = () => list().find((book) => book.is_default && book.currency === seller()?.currency)?.id
  return (
    <>
      <Show when={list().length > 1}>
        <SelectField
          class="mb-4 min-w-0 max-w-sm"
          label={t('books.book')}
          value={props.chosen || (usual() ?? '')}
          options={list().map((book) => ({ value: book.id, label: bookLabel(book) }))}
          onChange={(id) => props.onChoose(id === usual() ? '' : id)}
        />
      </Show>
      <Button class="mb-4" icon={<Plus size={16} />} onClick={() => setAdding(true)} {...may('catalog.write')}>
        {t('books.new')}
      </Button>
      <Show when={adding()}>
        <NewBookDialog
          seller={seller()?.id ?? ''}
          currency={seller()?.currency ?? ''}
          onClose={() => setAdding(false)}
          onDone={(book) => props.onChoose(book.id)}
        />
      </Show>
    </>
  )
}

interface Props {
  seller: string
  currency: string
  onClose: () => void
  onDone: (book: PriceBook) => void
}
const CURRENCY = /^[A-Z]{3}$/
function NewBookDialog(props: Props) {
  const client = useQueryClient()
  const [fields, set] = createStore({
    name: '',
    of: 'customer' as 'customer' | 'group' | 'other_currency',
    currency: props.currency,
  })
  const isStandard = () => fields.of === 'other_currency'
  const input = (): NewPriceBook => ({
    name: fields.name.trim() || `Standard ${fields.currency}`,
    negotiated_for: fields.of === 'other_currency' ? null : fields.of,
    currency: fields.currency,
    legal_entity_id: props.seller || undefined,
  })
  const isReady = () => CURRENCY.test(fields.currency) && (isStandard() || fields.name.trim() !== '')
  const form = createSubmit({
    run: () => api.addPriceBook(input()),
    onDone: async (book) => {
      tell(t('books.added', { name: book.name }), 'ok', t('common.close'))
      await client.invalidateQueries({ queryKey: ['prices', 'books'] })
      props.onDone(book)
      props.onClose()
    },
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={t('books.new')}
      lead={t('books.lead')}
      closeLabel={t('common.close')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="book-form" variant="primary" busy={form.busy()} disabled={!isReady()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="book-form"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (isReady()) void form.submit(undefined)
        }}
      >
        <Choice
          legend={t('books.negotiated_for')}
          value={fields.of}
          choices={(['customer', 'group', 'other_currency'] as const).map((value) => ({
            value,
            label: t(`books.${value}`),
          }))}
          onChange={(of) => set('of', of)}
        />
        <p class="m-0 text-[0.8125rem] text-muted">{t('books.for_whom')}</p>
        <Show when={!isStandard()}>
          <TextField
            label={t('accounts.name')}
            maxlength={100}
            value={fields.name}
            error={form.fieldError('/name')}
            onInput={(event) => set('name', event.currentTarget.value)}
          />
        </Show>
        <TextField
          label={t('books.currency')}
          maxlength={3}
          value={fields.currency}
          error={form.fieldError('/currency')}
          onInput={(event) => set('currency', event.currentTarget.value.toUpperCase())}
        />
        <Show when={form.restError(['/name', '/currency'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}
