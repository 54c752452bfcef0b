/** Plans: what is sold as one thing, drafts and what is no longer on sale among it. */
import { A, useNavigate } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import Package from 'lucide-solid/icons/package'
import Plus from 'lucide-solid/icons/plus'
import { createSignal, Show } from 'solid-js'
import type { Plan } from '../api.ts'
import { language, t } from '../i18n/language.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table, type TableColumn } from '../kit/table.tsx'
import { curlLine } from '../parts/curl.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page } from '../parts/page.tsx'
import { PlanDialog } from '../parts/plan-dialog.tsx'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

const TONES: Record<Plan['state'], Tone> = { draft: 'warn', published: 'ok', retired: 'idle' }
export const PlanState = (props: { state: Plan['state'] }) => (
  <Badge tone={TONES[props.state]}>{t(`plans.state.${props.state}`)}</Badge>
)

export default function Plans() {
  const query = useQuery(() => queries.plans())
  const may = createMay()
  const go = useNavigate()
  const [adding, setAdding] = createSignal(false)
  const add = () => (
    <Button variant="primary" icon={<Plus size={16} />} onClick={() => setAdding(true)} {...may('catalog.write')}>
      {t('plans.new')}
    </Button>
  )
  return (
    <Page title={t('plans.title')} lead={t('plans.lead')} curl={['/plans']} actions={add()}>
      <div class="card">
        <Load query={query}>
          {(data) => (
            <Show when={data().items.length > 0} fallback={<NoPlan onAdd={() => setAdding(true)} />}>
              <Table label={t('plans.title')} columns={columns()} rows={data().items} />
            </Show>
          )}
        </Load>
      </div>
      <Show when={adding()}>
        <PlanDialog onClose={() => setAdding(false)} onDone={(plan) => go(paths.plan(plan.id))} />
      </Show>
    </Page>
  )
}

const columns = (): TableColumn<Plan>[] => [
  {
    id: 'name',
    header: t('plans.title'),
    class: 'min-w-44',
    cell: (row) => (
      <A href={paths.plan(row.id)} class="rounded font-medium text-text hover:text-accent-text">
        {row.name[language()]}
      </A>
    ),
  },
  { id: 'state', header: t('resources.state'), cell: (row) => <PlanState state={row.state} /> },
  { id: 'product', header: t('plans.product_kind'), cell: (row) => t(`plans.product.${row.product_kind}`) },
  {
    id: 'trial',
    header: t('plans.trial_days'),
    class: 'whitespace-nowrap',
    cell: (row) => (row.trial_days > 0 ? t('plans.trial', row.trial_days) : '–'),
  },
  { id: 'currency', header: t('plans.currency'), cell: (row) => row.currency },
]

const NoPlan = (props: { onAdd: () => void }) => (
  <EmptyState
    icon={<Package size={20} />}
    title={t('plans.empty')}
    text={t('plans.empty_text')}
    action={
      <Button variant="primary" onClick={() => props.onAdd()}>
        {t('plans.new')}
      </Button>
    }
  >
    <CopyLine
      label={t('common.copy_as_curl')}
      labels={{ copy: t('common.copy'), copied: t('common.copied') }}
      text={curlLine('/plans', { name: { en: 'Small', es: 'Pequeño' }, product_kind: 'vm' })}
    />
  </EmptyState>
)
