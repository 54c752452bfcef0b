/** One table over all kinds: rows come from the server page by page and only those in view are drawn. */
import { createTable } from '@tanstack/solid-table'
import { createVirtualizer } from '@tanstack/solid-virtual'
import ArrowDown from 'lucide-solid/icons/arrow-down'
import ArrowUp from 'lucide-solid/icons/arrow-up'
import type { JSX } from 'solid-js'
import { createEffect, For, Show } from 'solid-js'
import type { Resource } from '../api.ts'
import { t } from '../i18n/language.ts'
import { headClass } from '../kit/table.tsx'
import type { ResourceFilter } from '../paths.ts'
import { type ColumnId, features, LAYOUT, resourceColumns } from './resource-columns.tsx'

/** as the class h-11 has it: a style within the page's text is forbidden by its policy */
const ROW_PX = 44
const FETCH_AHEAD_ROWS = 30

export interface Sorting {
  sort: NonNullable<ResourceFilter['sort']>
  order: 'asc' | 'desc'
}
interface Props {
  rows: Resource[]
  total: number | null
  hidden: readonly ColumnId[]
  /** not sorted by these, whatever the server could do */
  unsorted: readonly ColumnId[]
  sorting: Sorting
  onSort: (sorting: Sorting) => void
  hasMore: boolean
  loadingMore: boolean
  onMore: () => void
}

export function ResourceTable(props: Props) {
  let frame: HTMLDivElement | undefined
  const table = createTable({
    features,
    columns: resourceColumns,
    get data() {
      return props.rows
    },
    getRowId: (row) => row.id,
    get state() {
      return { columnVisibility: Object.fromEntries(props.hidden.map((id) => [id, false])) }
    },
  })
  const rows = () => table.getRowModel().rows
  const virtual = createVirtualizer({
    get count() {
      return rows().length
    },
    getScrollElement: () => frame ?? null,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows()[index]?.id ?? index,
    overscan: 12,
  })
  createEffect(() => {
    const last = virtual.getVirtualItems().at(-1)
    if (last && last.index >= rows().length - FETCH_AHEAD_ROWS && props.hasMore && !props.loadingMore) props.onMore()
  })
  const above = () => virtual.getVirtualItems()[0]?.start ?? 0
  const below = () => virtual.getTotalSize() - (virtual.getVirtualItems().at(-1)?.end ?? 0)
  const shown = () => table.getVisibleLeafColumns().map((column) => column.id as ColumnId)
  const width = () => shown().reduce((sum, id) => sum + LAYOUT[id].width, 0)

  return (
    <div
      ref={(element) => (frame = element)}
      role="region"
      aria-label={t('resources.table')}
      tabindex="0"
      class="relative max-h-[calc(100dvh-13.5rem)] overflow-auto rounded-[inherit]"
    >
      <table class="w-full table-fixed" style={{ 'min-width': `${width()}px` }} aria-rowcount={(props.total ?? -1) + 1}>
        <colgroup>
          <For each={shown()}>{(id) => <col style={{ width: `${LAYOUT[id].width}px` }} />}</For>
        </colgroup>
        <thead class="sticky top-0 z-10 bg-surface">
          <tr aria-rowindex={1}>
            <For each={shown()}>
              {(id) => (
                <Head id={id} sorts={!props.unsorted.includes(id)} sorting={props.sorting} onSort={props.onSort} />
              )}
            </For>
          </tr>
        </thead>
        <tbody>
          <Spacer height={above()} columns={shown().length} />
          <For each={virtual.getVirtualItems()}>
            {(item) => (
              <Show when={rows()[item.index]}>
                {(row) => (
                  <tr class="h-11 hover:bg-hover" aria-rowindex={item.index + 2}>
                    <For each={row().getVisibleCells()}>
                      {(cell) => (
                        <Cell id={cell.column.id as ColumnId}>
                          <table.FlexRender cell={cell} />
                        </Cell>
                      )}
                    </For>
                  </tr>
                )}
              </Show>
            )}
          </For>
          <Spacer height={below()} columns={shown().length} />
        </tbody>
      </table>
      <Show when={props.loadingMore}>
        <p role="status" class="sticky left-0 m-0 px-4 py-3 text-[0.8125rem] text-muted">
          {t('resources.loading_more')}
        </p>
      </Show>
    </div>
  )
}

const Spacer = (props: { height: number; columns: number }) => (
  <Show when={props.height > 0}>
    <tr aria-hidden="true">
      <td colspan={props.columns} class="p-0" style={{ height: `${props.height}px` }} />
    </tr>
  </Show>
)

const side = (id: ColumnId) => (LAYOUT[id].numeric ? 'text-right tabular' : 'text-left')
const Cell = (props: { id: ColumnId; children: JSX.Element }) => (
  <td class={`truncate border-b border-line px-3 first:pl-4 last:pr-4 ${side(props.id)}`}>{props.children}</td>
)

const NEXT = { asc: 'desc', desc: 'asc' } as const
const ARIA = { asc: 'ascending', desc: 'descending' } as const

function Head(props: { id: ColumnId; sorts: boolean; sorting: Sorting; onSort: (sorting: Sorting) => void }) {
  const field = () => (props.sorts ? LAYOUT[props.id].sort : undefined)
  const order = () => (field() === props.sorting.sort ? props.sorting.order : undefined)
  const next = () => (order() ? NEXT[order() ?? 'asc'] : (LAYOUT[props.id].first ?? 'asc'))
  const label = () => t(`resources.${props.id}`)
  return (
    <th
      scope="col"
      aria-sort={order() ? ARIA[order() ?? 'asc'] : undefined}
      class={`${headClass} ${side(props.id)} truncate bg-surface !px-3 first:!pl-4 last:!pr-4`}
    >
      <Show when={field()} fallback={label()}>
        {(sort) => (
          <button
            type="button"
            class={`inline-flex items-center gap-1 rounded font-medium hover:text-text ${order() ? 'text-text' : ''}`}
            onClick={() => props.onSort({ sort: sort(), order: next() })}
          >
            {label()}
            <Show when={order()}>{order() === 'asc' ? <ArrowUp size={13} /> : <ArrowDown size={13} />}</Show>
          </button>
        )}
      </Show>
    </th>
  )
}
