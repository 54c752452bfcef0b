/** Rules by which resources come to accounts: in order, with what each gives, and every change of them with its undoing. */
import { useSearchParams } from '@solidjs/router'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/solid-query'
import ArrowDown from 'lucide-solid/icons/arrow-down'
import ArrowUp from 'lucide-solid/icons/arrow-up'
import ListOrdered from 'lucide-solid/icons/list-ordered'
import Pencil from 'lucide-solid/icons/pencil'
import Plus from 'lucide-solid/icons/plus'
import Trash from 'lucide-solid/icons/trash'
import { createSignal, For, Show } from 'solid-js'
import type { AssignmentRule, RuleChange } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { EmptyState } from '../kit/empty.tsx'
import { Table } from '../kit/table.tsx'
import { BackLink } from '../parts/back.tsx'
import { Load } from '../parts/load.tsx'
import { createMay } from '../parts/may.ts'
import { Page, Section } from '../parts/page.tsx'
import { nameText } from '../parts/person-name.ts'
import { More } from '../parts/repricing.tsx'
import { RuleDialog } from '../parts/rule-dialog.tsx'
import { type Asked, RuleStepDialog } from '../parts/rule-step.tsx'
import { conditionTexts, effectText } from '../parts/rule-text.ts'
import { paths } from '../paths.ts'
import { queries } from '../queries.ts'

export default function Ownership() {
  const client = useQueryClient()
  const may = createMay()
  const query = useQuery(() => queries.assignmentRules())
  const [search, setSearch] = useSearchParams()
  const [rule, setRule] = createSignal<AssignmentRule>()
  const editing = (): AssignmentRule | 'new' | undefined => rule() ?? (search['add'] === '1' ? 'new' : undefined)
  const [asked, setAsked] = createSignal<Asked>()
  const lastChange = () => (query.status === 'success' ? query.data.last_change : null)
  const pending = () => (query.status === 'success' ? query.data.pending : 0)
  const close = () => {
    setRule(undefined)
    setSearch({ add: '' }, { replace: true })
    setAsked(undefined)
  }
  const done = () => {
    close()
    for (const key of ['assignment-rules', 'resources', 'resource', 'drafts', 'queues'])
      void client.invalidateQueries({ queryKey: [key] })
  }
  return (
    <Page
      title={t('owners.title')}
      lead={t('owners.lead')}
      above={<BackLink href={paths.resources()} label={t('nav.resources')} />}
      curl={['/assignment-rules', '/assignment-rules/changes']}
      actions={
        <Button
          variant="primary"
          icon={<Plus size={16} />}
          onClick={() => setSearch({ add: '1' }, { replace: true })}
          {...may('inventory.assign')}
        >
          {t('owners.add')}
        </Button>
      }
    >
      <div class="flex flex-col gap-4">
        <Section
          title={t('owners.rules')}
          lead={pending() > 0 ? t('owners.pending', pending()) : t('owners.order_text')}
        >
          <Load query={query}>
            {(data) => (
              <Show
                when={data().items.length > 0}
                fallback={
                  <EmptyState icon={<ListOrdered size={20} />} title={t('owners.none')} text={t('owners.none_text')} />
                }
              >
                <Rules rules={data().items} onEdit={setRule} onAsk={setAsked} />
              </Show>
            )}
          </Load>
        </Section>
        <Changes onAsk={setAsked} />
      </div>
      <Show when={editing()}>
        {(edited) => (
          <RuleDialog
            rule={edited() === 'new' ? null : (edited() as AssignmentRule)}
            basedOn={lastChange()}
            onDone={done}
            onClose={close}
          />
        )}
      </Show>
      <Show when={asked()}>
        {(step) => <RuleStepDialog asked={step()} basedOn={lastChange()} onDone={done} onClose={close} />}
      </Show>
    </Page>
  )
}

function Rules(props: {
  rules: readonly AssignmentRule[]
  onEdit: (rule: AssignmentRule) => void
  onAsk: (asked: Asked) => void
}) {
  const may = createMay()
  const accounts = useQuery(() => queries.accounts())
  const nameOf = (id: string): string => {
    const all = accounts.status === 'success' ? accounts.data.items : []
    return [...all, ...all.flatMap(({ projects }) => projects)].find((one) => one.id === id)?.name ?? '…'
  }
  const moved = (rule: AssignmentRule, by: number): string[] => {
    const ids = props.rules.map(({ id }) => id)
    const at = ids.indexOf(rule.id)
    const rest = ids.filter((id) => id !== rule.id)
    return rest.toSpliced(at + by, 0, rule.id)
  }
  const move = (rule: AssignmentRule, by: number) =>
    props.onAsk({ kind: 'order', rule_ids: moved(rule, by), name: rule.name })
  return (
    <Table
      label={t('owners.rules')}
      rows={props.rules}
      columns={[
        {
          id: 'order',
          header: t('owners.order'),
          hideHeader: true,
          class: 'whitespace-nowrap w-px',
          cell: (rule) => (
            <span class="flex">
              <IconButton
                label={t('owners.up', { name: rule.name })}
                onClick={() => move(rule, -1)}
                {...(props.rules[0] === rule ? { disabled: true } : may('inventory.assign'))}
              >
                <ArrowUp size={15} />
              </IconButton>
              <IconButton
                label={t('owners.down', { name: rule.name })}
                onClick={() => move(rule, 1)}
                {...(props.rules.at(-1) === rule ? { disabled: true } : may('inventory.assign'))}
              >
                <ArrowDown size={15} />
              </IconButton>
            </span>
          ),
        },
        {
          id: 'name',
          header: t('owners.name'),
          class: 'min-w-40',
          cell: (rule) => (
            <>
              <span class="font-medium">{rule.name}</span>
              <span class="block text-[0.8125rem] text-muted">
                {rule.from === null ? t('resource.since_ever') : t('owners.from', { at: say.instant(rule.from) })}
                <Show when={rule.to}>{(to) => ` → ${say.instant(to())}`}</Show>
              </span>
            </>
          ),
        },
        { id: 'if', header: t('owners.speaks_of'), class: 'min-w-44', cell: (rule) => <Conditions rule={rule} /> },
        {
          id: 'then',
          header: t('owners.gives_to'),
          class: 'min-w-32',
          cell: (rule) => effectText(rule.effect, nameOf),
        },
        {
          id: 'resources',
          header: t('owners.resources'),
          numeric: true,
          cell: (rule) => say.decimal(rule.resources),
        },
        {
          id: 'actions',
          header: t('owners.actions'),
          hideHeader: true,
          class: 'whitespace-nowrap w-px',
          cell: (rule) => (
            <span class="flex justify-end">
              <IconButton
                label={t('owners.edit', { name: rule.name })}
                onClick={() => props.onEdit(rule)}
                {...may('inventory.assign')}
              >
                <Pencil size={15} />
              </IconButton>
              <IconButton
                label={t('owners.remove', { name: rule.name })}
                onClick={() => props.onAsk({ kind: 'remove', rule_id: rule.id, name: rule.name })}
                {...may('inventory.assign')}
              >
                <Trash size={15} />
              </IconButton>
            </span>
          ),
        },
      ]}
    />
  )
}

const Conditions = (props: { rule: AssignmentRule }) => (
  <Show when={conditionTexts(props.rule.condition).length > 0} fallback={t('owners.everything')}>
    <ul class="m-0 flex list-none flex-col gap-0.5 p-0">
      <For each={conditionTexts(props.rule.condition)}>{(text) => <li class="break-words">{text}</li>}</For>
    </ul>
  </Show>
)

function Changes(props: { onAsk: (asked: Asked) => void }) {
  const may = createMay()
  const query = useInfiniteQuery(() => queries.assignmentRuleChanges())
  const text = (row: RuleChange) => `${t(`owners.change.${row.kind}`)}${row.name ? ` · ${row.name}` : ''}`
  return (
    <Section title={t('owners.changed')} lead={t('owners.changed_text')}>
      <Load query={query}>
        {(data) => (
          <Show
            when={data().pages[0]?.items.length}
            fallback={<p class="m-0 px-4 py-6 text-center text-sm text-muted">{t('owners.never_changed')}</p>}
          >
            <Table
              label={t('owners.changed')}
              rows={data().pages.flatMap((page) => page.items)}
              columns={[
                {
                  id: 'what',
                  header: t('owners.what'),
                  class: 'min-w-40',
                  cell: (row) => (
                    <>
                      {text(row)} <Show when={row.reversed}>{<Badge tone="idle">{t('owners.undone')}</Badge>}</Show>
                      <Show when={row.reason}>
                        <span class="block text-[0.8125rem] text-muted">{row.reason}</span>
                      </Show>
                    </>
                  ),
                },
                {
                  id: 'from',
                  header: t('owners.since'),
                  class: 'whitespace-nowrap',
                  cell: (row) => (row.effective_at ? say.instant(row.effective_at) : t('resource.since_ever')),
                },
                { id: 'by', header: t('owners.who'), wideOnly: true, cell: (row) => nameText(row.actor) },
                {
                  id: 'at',
                  header: t('owners.when'),
                  wideOnly: true,
                  class: 'whitespace-nowrap',
                  cell: (row) => say.instant(row.recorded_at),
                },
                {
                  id: 'undo',
                  header: t('owners.actions'),
                  hideHeader: true,
                  cell: (row) => (
                    <Show when={!row.reversed}>
                      <Button
                        variant="ghost"
                        onClick={() => props.onAsk({ kind: 'reverse', change_id: row.id, name: text(row) })}
                        {...may('inventory.assign')}
                      >
                        {t('owners.undo')}
                      </Button>
                    </Show>
                  ),
                },
              ]}
            />
            <More has={query.hasNextPage} busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
          </Show>
        )}
      </Load>
    </Section>
  )
}
