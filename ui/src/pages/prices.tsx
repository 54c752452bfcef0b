/** Prices by kind and meter: what holds now, what is scheduled, what held before. */
import { A, useSearchParams } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import Tag from 'lucide-solid/icons/tag'
import { createSignal, Show } from 'solid-js'
import type { Kind, MeterName, Price, PriceBook } from '../api.ts'
import { t } from '../i18n/language.ts'
import { KINDS, METERS } from '../i18n/words.ts'
import { Button, buttonClass } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { BookHolders } from '../parts/account-books.tsx'
import { BookChoice, bookIn } from '../parts/book-choice.tsx'
import { curlLine } from '../parts/curl.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { PriceDialog } from '../parts/price-dialog.tsx'
import { type Priced, PriceHistory, PriceTables } from '../parts/price-tables.tsx'
import { SellerChoice } from '../parts/seller.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const isKind = (value: unknown): value is Kind => KINDS.some((kind) => kind === value)
const isMeter = (value: unknown): value is MeterName => METERS.some((meter) => meter === value)

export default function Prices() {
  const [search, setSearch] = useSearchParams()
  const seller = () => (typeof search['seller'] === 'string' ? search['seller'] : '')
  const books = useQuery(() => queries.priceBooks())
  const chosen = () => bookIn(books.status === 'success' ? books.data?.items : undefined, search['book'])
  const query = useQuery(() => queries.prices(seller(), chosen()?.id))
  const may = createMay()
  const [editing, setEditing] = createSignal<Partial<Price> | null>(null)
  const [history, setHistory] = createSignal<Priced | null>(null)
  const asked = (): Partial<Price> | null => {
    if (!search['set']) return null
    const { kind, meter } = search
    return { ...(isKind(kind) ? { kind } : {}), ...(isMeter(meter) ? { meter } : {}) }
  }
  const open = () => editing() ?? asked()
  const close = () => {
    setEditing(null)
    setSearch({ set: undefined, kind: undefined, meter: undefined }, { replace: true })
  }
  return (
    <Page
      title={t('prices.title')}
      lead={t('prices.lead')}
      curl={['/prices?history=true', '/meters']}
      actions={
        <>
          <A href={paths.priceIndexes} class={buttonClass()}>
            {t('indexes.title')}
          </A>
          <A href={paths.priceChanges} class={buttonClass()}>
            {t('repricing.changes')}
          </A>
          <A href={paths.recalculation} class={buttonClass()}>
            {t('repricing.recalculate')}
          </A>
          <Button variant="primary" icon={<Plus size={16} />} onClick={() => setEditing({})} {...may('catalog.write')}>
            {t('prices.set')}
          </Button>
        </>
      }
    >
      <div class="flex flex-wrap items-end gap-x-4">
        <SellerChoice
          chosen={seller()}
          onChoose={(id) => setSearch({ seller: id || undefined, book: undefined }, { replace: true })}
        />
        <BookChoice
          seller={seller()}
          chosen={chosen()?.id ?? ''}
          onChoose={(id) => setSearch({ book: id || undefined }, { replace: true })}
        />
      </div>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={<NoPrice currency={data().currency} book={chosen()} onSet={() => setEditing({})} />}
          >
            <PriceTables list={data()} onEdit={setEditing} onHistory={setHistory} />
          </Show>
        )}
      </Load>
      <Show when={chosen()?.negotiated_for ? chosen() : undefined} keyed>
        {(book) => <BookHolders book={book} />}
      </Show>
      <Show when={open()} keyed>
        {(from) => (
          <PriceDialog
            from={from}
            seller={seller()}
            book={chosen()?.id}
            bookOf={chosen()?.negotiated_for ? 'negotiated' : undefined}
            onClose={close}
          />
        )}
      </Show>
      <Show when={history()} keyed>
        {(priced) => <PriceHistory priced={priced} onClose={() => setHistory(null)} />}
      </Show>
    </Page>
  )
}

const NoPrice = (props: { currency: string; book: PriceBook | undefined; onSet: () => void }) => (
  <div class="card">
    <EmptyState
      icon={<Tag size={20} />}
      title={t('prices.empty')}
      text={t(props.book?.negotiated_for ? 'books.empty_prices' : 'prices.empty_text')}
      action={
        <Button variant="primary" onClick={() => props.onSet()}>
          {t('prices.set')}
        </Button>
      }
    >
      <CopyLine
        label={t('common.copy_as_curl')}
        labels={{ copy: t('common.copy'), copied: t('common.copied') }}
        text={curlLine('/prices', {
          kind: 'host',
          meter: 'vcpu',
          model: 'per_unit',
          per: 'hour',
          unit: 'vCPU',
          amount: '0.0125',
        })}
      />
    </EmptyState>
  </div>
)
