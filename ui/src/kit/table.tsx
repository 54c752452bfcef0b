/** A plain table for lists that fit in memory: it scrolls sideways inside its own frame, never the page. */
import type { JSX } from 'solid-js'
import { createMemo, For, Show } from 'solid-js'

export interface TableColumn<Row> {
  id: string
  header: string
  /** numbers stand right, with equal digits */
  numeric?: boolean
  /** left out on narrow screens */
  wideOnly?: boolean
  /** the header is read out but not shown */
  hideHeader?: boolean
  class?: string
  cell: (row: Row) => JSX.Element
}

interface Props<Row> {
  label: string
  columns: TableColumn<Row>[]
  rows: readonly Row[]
  /** a second line under a row, over its whole width */
  below?: (row: Row) => JSX.Element
  dense?: boolean
}

export const headClass =
  'border-b border-line px-3 py-2.5 first:pl-4 last:pr-4 sm:px-4 text-xs font-medium text-muted whitespace-nowrap'
const sideClass = (numeric?: boolean) => (numeric ? 'text-right tabular' : 'text-left')

export function Table<Row>(props: Props<Row>) {
  const cellClass = (column: TableColumn<Row>, isOpen: boolean) =>
    `${isOpen ? '' : 'border-b border-line group-last:border-b-0'} px-3 first:pl-4 last:pr-4 sm:px-4 ${column.wideOnly ? 'max-sm:hidden' : ''} ${props.dense ? 'py-1.5' : 'py-2.5'} ${sideClass(column.numeric)} ${column.class ?? ''}`
  return (
    <div role="region" aria-label={props.label} tabindex="0" class="relative overflow-x-auto rounded-[inherit]">
      <table class="w-full text-sm">
        <thead>
          <tr>
            <For each={props.columns}>
              {(column) => (
                <th
                  scope="col"
                  class={`${headClass} ${sideClass(column.numeric)} ${column.wideOnly ? 'max-sm:hidden' : ''}`}
                >
                  <span class={column.hideHeader ? 'sr-only' : ''}>{column.header}</span>
                </th>
              )}
            </For>
          </tr>
        </thead>
        <tbody>
          <For each={props.rows}>
            {(row) => {
              const below = createMemo(() => props.below?.(row))
              return (
                <>
                  <tr class="group hover:bg-hover">
                    <For each={props.columns}>
                      {(column) => <td class={cellClass(column, Boolean(below()))}>{column.cell(row)}</td>}
                    </For>
                  </tr>
                  <Show when={below()}>
                    <tr class="group">
                      <td colspan={props.columns.length} class="border-b border-line px-4 pb-3 group-last:border-b-0">
                        {/* stays in sight while the table scrolls sideways */}
                        <div class="sticky left-4 max-sm:max-w-[calc(100vw-4.5rem)] [overflow-wrap:anywhere]">
                          {below()}
                        </div>
                      </td>
                    </tr>
                  </Show>
                </>
              )
            }}
          </For>
        </tbody>
      </table>
    </div>
  )
}
