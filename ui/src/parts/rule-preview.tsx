/** What a change of the rules of ownership would do: how many resources, from when, to whom, and the first of them. */
import { A } from '@solidjs/router'
import { For, Show } from 'solid-js'
import type { RulePreview } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Table } from '../kit/table.tsx'
import { paths } from '../paths.ts'
import { kindText } from './rule-text.ts'

type Item = RulePreview['items'][number]
const ownerText = (owner: Item['before']) =>
  owner ? [owner.account_name, owner.project_name ?? ''].filter(Boolean).join(' · ') : t('common.nobody')

export const RuleEffectPreview = (props: { preview: RulePreview }) => (
  <div class="min-w-0 rounded-lg border border-line" aria-live="polite">
    <div class="bg-sunken px-3.5 py-3 text-sm">
      <p class="m-0 font-medium">
        {props.preview.changed === 0 ? t('owners.changes_nothing') : t('owners.changes', props.preview.changed)}
      </p>
      <p class="tabular m-0 mt-0.5 text-[0.8125rem] text-muted">
        {t('owners.looked_at', props.preview.looked_at)}
        <Show when={props.preview.changed > 0}>
          {' · '}
          {props.preview.from ? t('owners.from', { at: say.instant(props.preview.from) }) : t('resource.since_ever')}
        </Show>
      </p>
      <Show when={!props.preview.complete}>
        <p class="m-0 mt-1 text-[0.8125rem] text-warn">{t('owners.not_all')}</p>
      </Show>
      <ul class="m-0 mt-2 flex list-none flex-wrap gap-x-4 gap-y-1 p-0 text-[0.8125rem]">
        <For each={props.preview.accounts.slice(0, 8)}>
          {(one) => (
            <li class="tabular">
              {one.account_name}{' '}
              <span class="text-muted">
                {[one.gains > 0 ? `+${say.decimal(one.gains)}` : '', one.loses > 0 ? `−${say.decimal(one.loses)}` : '']
                  .filter(Boolean)
                  .join(' ')}
              </span>
            </li>
          )}
        </For>
      </ul>
    </div>
    <Show when={props.preview.items.length > 0}>
      <Table
        dense
        label={t('owners.preview')}
        rows={props.preview.items.slice(0, 20)}
        columns={[
          {
            id: 'name',
            header: t('resources.name'),
            cell: ({ resource }) => (
              <A href={paths.resource(resource.id)} target="_blank" class="rounded hover:text-accent-text">
                {resource.name}
                <span class="block text-[0.8125rem] text-muted">{kindText(resource.kind)}</span>
              </A>
            ),
          },
          { id: 'before', header: t('owners.before'), wideOnly: true, cell: (row) => ownerText(row.before) },
          { id: 'after', header: t('owners.after'), cell: (row) => ownerText(row.after) },
          {
            id: 'from',
            header: t('owners.since'),
            class: 'whitespace-nowrap',
            cell: (row) => (row.from ? say.instant(row.from) : t('resource.since_ever')),
          },
        ]}
      />
    </Show>
  </div>
)
