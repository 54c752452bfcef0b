/** Price indexes: what each says now and said lately, and the way to publish and correct its values. */
import { useQuery } from '@tanstack/solid-query'
import ChartLine from 'lucide-solid/icons/chart-line'
import Plus from 'lucide-solid/icons/plus'
import { createMemo, createSignal, For, Show } from 'solid-js'
import type { IndexValue, PriceIndex } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { compareAmounts } from '../kit/amount.ts'
import { Button } from '../kit/button.tsx'
import { Course, type Step } from '../kit/course.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Choice } from '../kit/field.tsx'
import { BackLink } from '../parts/back.tsx'
import { AddIndexDialog, PublishDialog } from '../parts/index-dialogs.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { sellerIn } from '../parts/seller.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const DAY = 86_400_000
const DAYS = { week: 7, month: 30 } as const
type Window = keyof typeof DAYS

export default function PriceIndexes() {
  const query = useQuery(() => queries.priceIndexes())
  const entities = useQuery(() => queries.legalEntities())
  const may = createMay()
  const [adding, setAdding] = createSignal(false)
  const [window, setWindow] = createSignal<Window>('week')
  const seller = () => sellerIn(entities.data?.items, '')
  return (
    <Page
      title={t('indexes.title')}
      lead={t('indexes.lead')}
      above={<BackLink href={paths.prices} label={t('prices.title')} />}
      curl={['/price-indexes']}
      actions={
        <Button variant="primary" icon={<Plus size={16} />} onClick={() => setAdding(true)} {...may('catalog.write')}>
          {t('indexes.add')}
        </Button>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show
            when={data().items.length > 0}
            fallback={
              <div class="card">
                <EmptyState icon={<ChartLine size={20} />} title={t('indexes.empty')} text={t('indexes.empty_text')} />
              </div>
            }
          >
            <div class="mb-4">
              <Choice
                legend={t('indexes.title')}
                hideLegend
                value={window()}
                choices={(['week', 'month'] as const).map((value) => ({ value, label: t(`indexes.${value}`) }))}
                onChange={setWindow}
              />
            </div>
            <div class="flex flex-col gap-4">
              <For each={data().items}>{(index) => <IndexCard index={index} days={DAYS[window()]} />}</For>
            </div>
          </Show>
        )}
      </Load>
      <Show when={adding()}>
        <AddIndexDialog
          zone={seller()?.zone ?? 'UTC'}
          currency={seller()?.currency ?? ''}
          onClose={() => setAdding(false)}
        />
      </Show>
    </Page>
  )
}

function IndexCard(props: { index: PriceIndex; days: number }) {
  const may = createMay()
  const [publishing, setPublishing] = createSignal(false)
  const rate = (amount: string) => `${say.rate(amount, props.index.currency)}/${props.index.unit}`
  /** Days up to now, and what is known ahead, as day-ahead prices are. */
  const span = createMemo(() => {
    const now = Math.floor(Date.now() / 3_600_000) * 3_600_000
    const known = props.index.known_to === null ? now : Date.parse(props.index.known_to)
    return { from: now - props.days * DAY, to: Math.min(Math.max(known, now), now + 2 * DAY) + 1 }
  })
  const at = (ms: number) => new Date(ms).toISOString()
  const query = useQuery(() => queries.indexValues(props.index.id, at(span().from), at(span().to)))
  const lead = () =>
    [
      `${props.index.currency}/${props.index.unit}`,
      props.index.current === null ? t('indexes.now_none') : t('indexes.now', { value: rate(props.index.current) }),
      ...(props.index.known_to === null
        ? []
        : [t('indexes.known_to', { at: say.instant(props.index.known_to, props.index.zone) })]),
      props.index.description,
    ]
      .filter(Boolean)
      .join(' · ')
  return (
    <Section
      title={props.index.name}
      lead={lead()}
      actions={
        <Button size="small" icon={<Plus size={15} />} onClick={() => setPublishing(true)} {...may('catalog.write')}>
          {t('indexes.publish')}
        </Button>
      }
    >
      <Load query={query}>
        {(data) => (
          <Show when={data().items.length > 0} fallback={<p class="m-0 p-4 text-muted">{t('indexes.no_values')}</p>}>
            <div class="px-4 pt-4 pb-3">
              <p class="tabular m-0 mb-2 text-[0.8125rem] text-muted">{rangeText(data().items, rate)}</p>
              <Course
                label={`${t('indexes.course', { name: props.index.name })}: ${rangeText(data().items, rate)}`}
                {...span()}
                steps={stepsOf(data().items, span())}
                marks={[]}
                fromText={say.instant(span().from, props.index.zone)}
                toText={say.instant(span().to - 1, props.index.zone)}
              />
            </div>
          </Show>
        )}
      </Load>
      <Show when={publishing()}>
        <PublishDialog index={props.index} onClose={() => setPublishing(false)} />
      </Show>
    </Section>
  )
}

function rangeText(values: readonly IndexValue[], rate: (amount: string) => string): string {
  const inOrder = values.map(({ amount }) => amount).toSorted(compareAmounts)
  return t('indexes.range', { least: rate(inOrder[0] ?? '0'), most: rate(inOrder.at(-1) ?? '0') })
}

const stepsOf = (values: readonly IndexValue[], { from, to }: { from: number; to: number }): Step[] =>
  values.map((one) => ({
    from: Math.max(from, Date.parse(one.from)),
    to: one.to === null ? to : Math.min(to, Date.parse(one.to)),
    // a height on the screen
    value: Number(one.amount),
  }))
