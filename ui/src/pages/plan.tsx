/** One plan: what it pays for, its prices with their versions, and whether it is on sale. */
import { useParams } from '@solidjs/router'
import { useQuery, useQueryClient } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import Tag from 'lucide-solid/icons/tag'
import { createSignal, Show } from 'solid-js'
import { api, type Plan, type Price } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { tell } from '../kit/toast.tsx'
import { BackLink } from '../parts/back.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { ChangeHistory } from '../parts/history.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { PriceDialog } from '../parts/price-dialog.tsx'
import { type Priced, PriceHistory, PriceTables } from '../parts/price-tables.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'
import { PlanState } from './plans.tsx'

export default function PlanPage() {
  const params = useParams()
  const id = () => params['id'] ?? ''
  const query = useQuery(() => queries.plan(id()))
  const plan = () => (query.status === 'success' ? query.data : undefined)
  const name = () => plan()?.name[language()] ?? ''
  const may = createMay()
  const [asking, setAsking] = createSignal<'publish' | 'retire' | null>(null)
  return (
    <Page
      title={name() || t('plans.title')}
      above={<BackLink href={paths.plans} label={t('plans.title')} />}
      lead={plan()?.description[language()]}
      curl={[`/plans/${id()}`]}
      actions={
        <>
          <Show when={plan()?.state === 'draft'}>
            <Button variant="primary" onClick={() => setAsking('publish')} {...may('catalog.write')}>
              {t('plans.publish')}
            </Button>
          </Show>
          <Show when={plan()?.state === 'published'}>
            <Button onClick={() => setAsking('retire')} {...may('catalog.write')}>
              {t('plans.retire')}
            </Button>
          </Show>
        </>
      }
    >
      <Load query={query}>
        {(data) => (
          <>
            <Facts plan={data()} />
            <Components plan={data()} />
            <ChangeHistory class="mt-4" of={{ subject_kind: 'plan', subject_id: data().id }} />
          </>
        )}
      </Load>
      <Show when={asking()} keyed>
        {(step) => <Step step={step} id={id()} name={name()} onClose={() => setAsking(null)} />}
      </Show>
    </Page>
  )
}

function Step(props: { step: 'publish' | 'retire'; id: string; name: string; onClose: () => void }) {
  const client = useQueryClient()
  return (
    <Confirm
      title={t(`plans.${props.step}`)}
      text={t(`plans.${props.step}_text`)}
      button={t(`plans.${props.step}`)}
      run={() => (props.step === 'publish' ? api.publishPlan(props.id) : api.retirePlan(props.id))}
      onClose={props.onClose}
      onDone={() => {
        tell(
          t(props.step === 'publish' ? 'plans.published' : 'plans.retired', { name: props.name }),
          'ok',
          t('common.close'),
        )
        void client.invalidateQueries({ queryKey: ['plans'] })
        props.onClose()
      }}
    />
  )
}

const Facts = (props: { plan: Plan }) => (
  <div class="mb-4 flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
    <PlanState state={props.plan.state} />
    <span>{t(`plans.product.${props.plan.product_kind}`)}</span>
    <Show when={props.plan.trial_days > 0}>
      <span>{t('plans.trial', props.plan.trial_days)}</span>
    </Show>
    <span>{t(`plans.anchor_${props.plan.anchor}`)}</span>
    <span class="text-muted">
      {t('plans.includes', {
        kinds: props.plan.included_kinds.map((kind) => t(`kind.${kind}`)).join(', ') || t('plans.included_none'),
      })}
    </span>
  </div>
)

function Components(props: { plan: Plan }) {
  const query = useQuery(() => queries.prices('', props.plan.price_book_id))
  const may = createMay()
  const [editing, setEditing] = createSignal<Partial<Price> | null>(null)
  const [history, setHistory] = createSignal<Priced | null>(null)
  const fee: Partial<Price> = { kind: 'service', meter: 'fee', per: 'month', unit: 'service' }
  const isEmpty = () => query.status === 'success' && query.data.items.length === 0
  return (
    <>
      <Section
        title={t('plans.components')}
        lead={t('plans.components_lead')}
        actions={
          <Button
            size="small"
            icon={<Plus size={15} />}
            onClick={() => setEditing(isEmpty() ? fee : {})}
            {...may('catalog.write')}
          >
            {t(isEmpty() ? 'plans.add_fee' : 'plans.add_component')}
          </Button>
        }
      >
        <Load query={query}>
          {(data) => (
            <Show
              when={data().items.length > 0}
              fallback={
                <EmptyState
                  icon={<Tag size={20} />}
                  title={t('plans.no_components')}
                  text={t('plans.no_components_text')}
                />
              }
            >
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
            seller={props.plan.legal_entity_id}
            book={props.plan.price_book_id}
            bookOf="plan"
            onClose={() => setEditing(null)}
          />
        )}
      </Show>
      <Show when={history()} keyed>
        {(priced) => <PriceHistory priced={priced} onClose={() => setHistory(null)} />}
      </Show>
    </>
  )
}
