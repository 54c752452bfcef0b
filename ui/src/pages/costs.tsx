/** What machines cost us: cost books by realm, and their prices. */
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type CostBook, type Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { fromLocalInput } from '../kit/instant.ts'
import { tell } from '../kit/toast.tsx'
import { BackLink } from '../parts/back.tsx'
import { createSubmit } from '../parts/form.ts'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { EndCostBook } from '../parts/end-cost-book.tsx'
import { PriceListDialog } from '../parts/price-list-dialog.tsx'
import { PriceDialog } from '../parts/price-dialog.tsx'
import { type Priced, PriceHistory, PriceTables } from '../parts/price-tables.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function Costs() {
  const query = useQuery(() => queries.costBooks())
  const may = createMay()
  const [adding, setAdding] = createSignal(false)
  return (
    <Page
      title={t('margins.costs')}
      lead={t('margins.costs_lead')}
      above={<BackLink href={paths.margins()} label={t('margins.title')} />}
      curl={['/cost-books']}
      actions={
        <Button variant="primary" icon={<Plus size={16} />} onClick={() => setAdding(true)} {...may('catalog.write')}>
          {t('margins.add_book')}
        </Button>
      }
    >
      <Load query={query}>
        {(data) => (
          <>
            <Show when={data().items.length === 0}>
              <p class="card m-0 p-5 text-muted">{t('margins.no_books')}</p>
            </Show>
            <div class="flex flex-col gap-4">
              <For each={data().items}>{(book) => <Book book={book} />}</For>
            </div>
            <Show when={adding()}>
              <BookDialog realms={data().realms} onClose={() => setAdding(false)} />
            </Show>
          </>
        )}
      </Load>
    </Page>
  )
}

const realmText = (realm: string | null): string => realm ?? t('margins.all_realms')

function Book(props: { book: CostBook }) {
  const prices = useQuery(() => queries.prices('', props.book.price_book_id))
  const may = createMay()
  const [editing, setEditing] = createSignal<Partial<Price> | null>(null)
  const [history, setHistory] = createSignal<Priced | null>(null)
  const [open, setOpen] = createSignal<'list' | 'end' | null>(null)
  const span = () =>
    [props.book.from, props.book.to].map((at) => (at === null ? t('margins.goes_on') : say.instant(at))).join(' – ')
  return (
    <>
      <Section
        title={props.book.name}
        lead={`${realmText(props.book.realm)} · ${props.book.currency} · ${span()}`}
        actions={
          <span class="flex flex-wrap gap-2">
            <Button size="small" onClick={() => setOpen('end')} {...may('catalog.write')}>
              {t('margins.end_book')}
            </Button>
            <Button size="small" onClick={() => setOpen('list')} {...may('catalog.write')}>
              {t('margins.import_list')}
            </Button>
            <Button size="small" icon={<Plus size={15} />} onClick={() => setEditing({})} {...may('catalog.write')}>
              {t('margins.add_cost')}
            </Button>
          </span>
        }
      >
        <Load query={prices}>
          {(data) => (
            <Show when={data().items.length > 0} fallback={<p class="m-0 p-4 text-muted">{t('margins.no_costs')}</p>}>
              <div class="p-4">
                <PriceTables list={data()} onEdit={setEditing} onHistory={setHistory} />
              </div>
            </Show>
          )}
        </Load>
      </Section>
      <Show when={editing()} keyed>
        {(from) => (
          <PriceDialog
            from={from}
            seller=""
            book={props.book.price_book_id}
            bookOf="cost"
            onClose={() => setEditing(null)}
          />
        )}
      </Show>
      <Show when={open() === 'list'}>
        <PriceListDialog book={props.book} onClose={() => setOpen(null)} />
      </Show>
      <Show when={open() === 'end'}>
        <EndCostBook book={props.book} onClose={() => setOpen(null)} />
      </Show>
      <Show when={history()} keyed>
        {(priced) => <PriceHistory priced={priced} onClose={() => setHistory(null)} />}
      </Show>
    </>
  )
}

const SHOWN = ['/name', '/realm', '/currency', '/from']
function BookDialog(props: { realms: readonly string[]; onClose: () => void }) {
  const client = useQueryClient()
  const [fields, setFields] = createStore({ name: '', realm: '', currency: '', from: '' })
  const form = createSubmit({
    run: () =>
      api.addCostBook({
        name: fields.name,
        realm: fields.realm || null,
        currency: fields.currency || undefined,
        from: fromLocalInput(fields.from) ?? undefined,
      }),
    onDone: () => {
      tell(t('common.saved'), 'ok', t('common.close'))
      for (const key of ['cost-books', 'margins']) void client.invalidateQueries({ queryKey: [key] })
      props.onClose()
    },
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('margins.add_book')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button type="submit" form="cost-book" variant="primary" busy={form.busy()} disabled={!fields.name.trim()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        id="cost-book"
        class="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void form.submit(undefined)
        }}
      >
        <TextField
          label={t('margins.name')}
          required
          value={fields.name}
          error={form.fieldError('/name')}
          onInput={(event) => setFields('name', event.currentTarget.value)}
        />
        <SelectField
          label={t('margins.ways.realm')}
          value={fields.realm}
          options={[
            { value: '', label: t('margins.all_realms') },
            ...props.realms.map((value) => ({ value, label: value })),
          ]}
          error={form.fieldError('/realm')}
          onChange={(value) => setFields('realm', value)}
        />
        <TextField
          label={t('settings.currency')}
          hint={t('margins.currency_hint')}
          maxlength={3}
          value={fields.currency}
          error={form.fieldError('/currency')}
          onInput={(event) => setFields('currency', event.currentTarget.value.toUpperCase())}
        />
        <TextField
          type="datetime-local"
          label={t('margins.from')}
          hint={t('margins.from_hint')}
          value={fields.from}
          error={form.fieldError('/from')}
          onInput={(event) => setFields('from', event.currentTarget.value)}
        />
        <Show when={form.restError(SHOWN)}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </form>
    </Dialog>
  )
}
