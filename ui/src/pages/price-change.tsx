/** One set of decisions about prices: what it changes, and what may be done with it. */
import { A, useNavigate, useParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/solid-query'
import Layers from 'lucide-solid/icons/layers'
import Trash from 'lucide-solid/icons/trash'
import { createSignal, Show } from 'solid-js'
import { api, type DecidedPrice, type PriceChange } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { createSubmit } from '../parts/form.ts'
import { ChangeHistory } from '../parts/history.tsx'
import { Load, ProblemNote } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { nameText } from '../parts/person-name.ts'
import { PriceDialog } from '../parts/price-dialog.tsx'
import { changeName, ChangeState, Content, deltaText, More } from '../parts/repricing.tsx'
import { NamedDialog, WhatIfDialog } from '../parts/repricing-dialogs.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function PriceChangePage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  const query = useQuery(() => queries.priceChange(id()))
  const change = () => (query.status === 'success' ? query.data : undefined)
  const title = () => {
    const known = change()
    return known ? changeName(known) : t('repricing.changes')
  }
  return (
    <Page
      title={title()}
      above={<BackLink href={paths.priceChanges} label={t('repricing.changes')} />}
      lead={<Show when={change()}>{(one) => <Lead change={one()} />}</Show>}
      curl={[`/price-changes/${id()}`, `/price-changes/${id()}/prices`]}
      actions={<Show when={change()}>{(one) => <Actions change={one()} />}</Show>}
    >
      <Load query={query}>
        {(data) => (
          <div class="flex flex-col gap-4">
            <Prices change={data()} />
            <ChangeHistory of={{ subject_kind: 'price_change', subject_id: data().id }} />
          </div>
        )}
      </Load>
    </Page>
  )
}

const Lead = (props: { change: PriceChange }) => (
  <span class="flex flex-col gap-1">
    <span class="flex flex-wrap items-center gap-x-3 gap-y-1">
      <ChangeState change={props.change} />
      <span>
        {t('repricing.holds_from')}: {say.instant(props.change.effective_at)}
      </span>
      <span>{t('prices.by', { actor: nameText(props.change.decided_by ?? props.change.created_by) })}</span>
    </span>
    <Show when={props.change.reason}>
      <span>{props.change.reason}</span>
    </Show>
    <Show when={props.change.undoes}>
      {(undoes) => (
        <A href={paths.priceChange(undoes().id)} class="link w-fit">
          {t('repricing.undoes', { name: undoes().name })}
        </A>
      )}
    </Show>
    <Show when={props.change.undone_by}>
      {(undo) => (
        <A href={paths.priceChange(undo().id)} class="link w-fit">
          {t('repricing.undone_by')}
        </A>
      )}
    </Show>
  </span>
)

type Asking = 'publish' | 'discard' | 'undo' | 'what_if' | 'price'
function Actions(props: { change: PriceChange }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const may = createMay()
  const [asking, setAsking] = createSignal<Asking>()
  const close = () => setAsking(undefined)
  const done = () => {
    for (const key of ['price-changes', 'prices', 'drafts', 'audit']) void client.invalidateQueries({ queryKey: [key] })
    close()
  }
  const isDraft = () => props.change.state === 'draft'
  const button = (what: Asking, label: string, more: { disabled?: boolean; variant?: 'primary' } = {}) => (
    <Button onClick={() => setAsking(what)} {...may('catalog.write')} {...more}>
      {label}
    </Button>
  )
  return (
    <>
      <Show when={isDraft()}>
        {button('price', t('repricing.decide'))}
        {button('discard', t('repricing.discard'))}
      </Show>
      <Show when={props.change.state !== 'discarded' && props.change.prices > 0}>
        {button('what_if', t('repricing.what_if'))}
      </Show>
      <Show when={isDraft() && props.change.prices > 0}>
        {button('publish', t('repricing.publish'), { variant: 'primary' })}
      </Show>
      <Show when={props.change.state === 'published' && !props.change.undone_by}>
        {button('undo', t('repricing.undo'))}
      </Show>
      <Show when={asking() === 'price'}>
        <PriceDialog seller="" draft={props.change.id} onClose={close} />
      </Show>
      <Show when={asking() === 'publish'}>
        <NamedDialog
          title={t('repricing.publish_title', props.change.prices)}
          text={t('repricing.apply_text', { at: say.instant(props.change.effective_at) })}
          button={t('repricing.publish')}
          needs={{ name: false, reason: props.change.reason === '' }}
          run={async ({ reason }) => {
            if (reason) await api.editPriceChange(props.change.id, { reason })
            return api.stepPriceChange(props.change.id, 'publish')
          }}
          onDone={done}
          onClose={close}
        />
      </Show>
      <Show when={asking() === 'discard'}>
        <Confirm
          title={t('repricing.discard_title')}
          text={t('repricing.discard_text')}
          button={t('repricing.discard')}
          run={() => api.stepPriceChange(props.change.id, 'discard')}
          onDone={done}
          onClose={close}
        />
      </Show>
      <Show when={asking() === 'undo'}>
        <NamedDialog
          title={t('repricing.undo_title')}
          text={t('repricing.undo_text')}
          button={t('repricing.undo')}
          needs={{ name: false, reason: true }}
          run={({ reason }) => api.undoPriceChange(props.change.id, { reason })}
          onDone={(made) => {
            done()
            navigate(paths.priceChange(made.id))
          }}
          onClose={close}
        />
      </Show>
      <Show when={asking() === 'what_if'}>
        <WhatIfDialog
          run={(months) => api.startWhatIf({ price_change_id: props.change.id, months })}
          onDone={(made) => navigate(paths.whatIf(made.id))}
          onClose={close}
        />
      </Show>
    </>
  )
}

function Prices(props: { change: PriceChange }) {
  const client = useQueryClient()
  const query = useInfiniteQuery(() => queries.decidedPrices(props.change.id))
  const withdrawing = createSubmit({
    run: (price: string) => api.withdrawDecision(props.change.id, price),
    onDone: () => void client.invalidateQueries({ queryKey: ['price-changes'] }),
  })
  return (
    <Section title={t('prices.title')} lead={say.decimal(props.change.prices)}>
      <Show when={withdrawing.error()}>
        {(problem) => (
          <div class="p-4">
            <ProblemNote error={problem()} />
          </div>
        )}
      </Show>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().pages.some((page) => page.items.length > 0)}
            fallback={
              <EmptyState icon={<Layers size={20} />} title={t('repricing.empty')} text={t('repricing.empty_text')} />
            }
          >
            <Table
              label={t('prices.title')}
              columns={columns(props.change, (row) => void withdrawing.submit(row.id))}
              rows={data().pages.flatMap((page) => page.items)}
            />
            <More has={query.hasNextPage} busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
          </Show>
        )}
      </Load>
    </Section>
  )
}

const columns = (change: PriceChange, withdraw: (row: DecidedPrice) => void): TableColumn<DecidedPrice>[] => [
  {
    id: 'price',
    header: t('repricing.price'),
    class: 'min-w-44',
    cell: (row) => (
      <>
        <span class="block font-medium">{t(`meter.${row.meter}`)}</span>
        <span class="block text-[0.8125rem] text-muted">
          {t(`kind.${row.kind}`)} · {row.price_book.name}
        </span>
      </>
    ),
  },
  {
    id: 'before',
    header: t('repricing.before'),
    cell: (row) => <Content content={row.before} currency={change.currency} />,
  },
  {
    id: 'after',
    header: t('repricing.after'),
    cell: (row) => <Content content={row.after} currency={change.currency} />,
  },
  {
    id: 'delta',
    header: t('repricing.delta'),
    numeric: true,
    class: 'whitespace-nowrap',
    cell: (row) => deltaText(row.delta),
  },
  {
    id: 'now',
    header: t('repricing.now'),
    cell: (row) => (
      <Badge tone={row.now === 'other' ? 'warn' : row.now === 'as_decided' ? 'ok' : 'idle'}>
        {t(`repricing.stands.${row.now}`)}
      </Badge>
    ),
  },
  ...(change.state === 'draft'
    ? [
        {
          id: 'action',
          header: t('common.actions'),
          hideHeader: true,
          class: 'text-right',
          cell: (row: DecidedPrice) => (
            <IconButton label={`${t('repricing.withdraw')}: ${t(`meter.${row.meter}`)}`} onClick={() => withdraw(row)}>
              <Trash size={16} />
            </IconButton>
          ),
        },
      ]
    : []),
]
