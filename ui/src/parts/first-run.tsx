/** The way from an empty installation to the first invoice, as a list that ticks itself off. */
import { A } from '@solidjs/router'
import { useQuery } from '@tanstack/solid-query'
import ChevronRight from 'lucide-solid/icons/chevron-right'
import CircleCheck from 'lucide-solid/icons/circle-check'
import Circle from 'lucide-solid/icons/circle'
import { createMemo, For, Show } from 'solid-js'
import { t } from '../i18n/language.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

type StepName = 'owner' | 'agent' | 'resource' | 'price' | 'company' | 'invoice'
interface Step {
  name: StepName
  done: boolean
  path: string
}

/** null until everything is known: a list that shrinks while it loads would only confuse. */
function createSteps() {
  const session = useQuery(() => queries.session())
  const agents = useQuery(() => queries.agents())
  const summary = useQuery(() => queries.summary())
  const prices = useQuery(() => queries.prices())
  const entities = useQuery(() => queries.legalEntities())
  const invoices = useQuery(() => queries.invoices())
  return createMemo((): Step[] | null => {
    if ([session, agents, summary, prices, entities, invoices].some((query) => query.status !== 'success')) return null
    const entity = entities.data?.items[0]
    return [
      { name: 'owner', done: !session.data?.needs_owner, path: paths.firstOwner },
      {
        name: 'agent',
        done: (agents.data?.items ?? []).some((one) => one.last_heard_at !== null),
        path: `${paths.agents}?enrol=1`,
      },
      { name: 'resource', done: (summary.data?.by_kind ?? []).some((one) => one.total > 0), path: paths.resources() },
      { name: 'price', done: (prices.data?.items ?? []).length > 0, path: `${paths.prices}?set=1` },
      { name: 'company', done: Boolean(entity?.tax_id && entity.address.street), path: paths.settings },
      { name: 'invoice', done: (invoices.data?.items ?? []).length > 0, path: paths.invoices },
    ]
  })
}

export function FirstRun() {
  const steps = createSteps()
  const open = () => {
    const known = steps()
    return known?.some((step) => !step.done) ? known : null
  }
  return (
    <Show when={open()}>
      {(known) => (
        <section class="card mb-4">
          <header class="flex flex-wrap items-baseline justify-between gap-2 px-4 pt-3.5 pb-2">
            <h2 class="text-sm font-semibold">{t('first_run.title')}</h2>
            <span class="tabular text-[0.8125rem] text-muted">
              {t('first_run.progress', {
                done: String(known().filter((step) => step.done).length),
                total: String(known().length),
              })}
            </span>
          </header>
          <ol class="m-0 grid list-none gap-px p-1.5 pt-0 lg:grid-cols-6">
            <For each={known()}>{(step) => <StepItem step={step} />}</For>
          </ol>
        </section>
      )}
    </Show>
  )
}

const StepItem = (props: { step: Step }) => (
  <li>
    <A
      href={props.step.path}
      class="group flex h-full items-start gap-2.5 rounded-lg px-2.5 py-2 text-text hover:bg-hover"
    >
      <Show when={props.step.done} fallback={<Circle size={18} class="mt-px shrink-0 text-muted" />}>
        <CircleCheck size={18} class="mt-px shrink-0 text-ok-mark" role="img" aria-label={t('common.yes')} />
      </Show>
      <span class="min-w-0 flex-1">
        <span class={`block font-medium ${props.step.done ? 'text-muted' : ''}`}>
          {t(`first_run.${props.step.name}`)}
        </span>
        <Show when={!props.step.done}>
          <span class="block text-[0.8125rem] text-muted text-pretty">{t(`first_run.${props.step.name}_text`)}</span>
        </Show>
      </span>
      <Show when={!props.step.done}>
        <ChevronRight size={16} class="mt-0.5 shrink-0 text-muted lg:hidden" />
      </Show>
    </A>
  </li>
)
