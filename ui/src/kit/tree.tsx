/** A tree by keyboard and pointer, as https://www.w3.org/WAI/ARIA/apg/patterns/treeview/ has it; what isn't open isn't made. */
import ChevronRight from 'lucide-solid/icons/chevron-right'
import type { JSX } from 'solid-js'
import { createMemo, createSignal, For, Show } from 'solid-js'

export interface TreeNode {
  id: string
  /** undefined: not there yet; it is asked again when what it reads changes */
  children?: (() => readonly this[] | undefined) | undefined
}
interface Row<Node> {
  node: Node
  level: number
  parent: string | null
  /** among its siblings, from 1 */
  position: number
  count: number
}
interface Props<Node> {
  label: string
  nodes: readonly Node[]
  /** open at first */
  open: readonly string[]
  /** where the keyboard begins; default: the first */
  current?: string | undefined
  /** of those whose children come later */
  onOpen?: (node: Node) => void
  /** Enter on one without children */
  onEnter?: (node: Node) => void
  row: (node: Node, isOpen: boolean) => JSX.Element
}

export function Tree<Node extends TreeNode>(props: Props<Node>) {
  const [open, setOpen] = createSignal<ReadonlySet<string>>(new Set(props.open))
  const [current, setCurrent] = createSignal(props.current ?? props.nodes[0]?.id ?? '')
  const made = new Map<string, readonly Node[]>()
  let frame: HTMLDivElement | undefined
  const childrenOf = (node: Node): readonly Node[] => {
    const known = made.get(node.id) ?? (node.children?.() as readonly Node[] | undefined)
    if (known && !props.onOpen) made.set(node.id, known)
    return known ?? []
  }
  const rowsOf = (nodes: readonly Node[], level: number, parent: string | null): Row<Node>[] =>
    nodes.flatMap((node, index) => [
      { node, level, parent, position: index + 1, count: nodes.length },
      ...(node.children && open().has(node.id) ? rowsOf(childrenOf(node), level + 1, node.id) : []),
    ])
  // a row that stays is the same object, so that opening one makes no other anew
  const known = new Map<string, Row<Node>>()
  const rows = createMemo(() =>
    rowsOf(props.nodes, 1, null).map((row) => {
      const kept = known.get(row.node.id)
      // more siblings came: what is read out of their number is another
      const same = kept?.count === row.count && kept.position === row.position ? kept : row
      known.set(row.node.id, same)
      return same
    }),
  )
  const toggle = (id: string, isOpen: boolean) => {
    const next = new Set(open())
    if (isOpen) next.add(id)
    else next.delete(id)
    setOpen(next)
    const opened = isOpen ? rows().find((row) => row.node.id === id)?.node : undefined
    if (opened) props.onOpen?.(opened)
  }
  const go = (id: string | undefined) => {
    if (id === undefined) return
    setCurrent(id)
    frame?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)?.focus()
  }
  const onKey = (event: KeyboardEvent) => {
    const list = rows()
    const at = list.findIndex((row) => row.node.id === current())
    const row = list[at]
    if (!row) return
    const isOpen = open().has(row.node.id)
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(list[at + 1]?.node.id),
      ArrowUp: () => go(list[at - 1]?.node.id),
      Home: () => go(list[0]?.node.id),
      End: () => go(list.at(-1)?.node.id),
      ArrowRight: () =>
        row.node.children && !isOpen ? toggle(row.node.id, true) : isOpen && go(list[at + 1]?.node.id),
      ArrowLeft: () => (isOpen ? toggle(row.node.id, false) : go(row.parent ?? undefined)),
      Enter: () => (row.node.children ? toggle(row.node.id, !isOpen) : props.onEnter?.(row.node)),
      ' ': () => row.node.children && toggle(row.node.id, !isOpen),
    }
    // a link or a button within a row is pressed itself
    const isWithin = event.target instanceof HTMLElement && event.target.getAttribute('role') !== 'treeitem'
    if (isWithin && ['Enter', ' '].includes(event.key)) return
    const move = moves[event.key]
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    move()
  }
  return (
    <div
      ref={(element) => (frame = element)}
      role="tree"
      aria-label={props.label}
      onKeyDown={onKey}
      class="text-[0.8125rem]"
    >
      <For each={rows()}>
        {(row) => {
          const isOpen = () => open().has(row.node.id)
          return (
            <div
              role="treeitem"
              data-node={row.node.id}
              aria-level={row.level}
              aria-setsize={row.count}
              aria-posinset={row.position}
              aria-expanded={row.node.children ? isOpen() : undefined}
              aria-selected={current() === row.node.id}
              tabindex={current() === row.node.id ? 0 : -1}
              onFocus={() => setCurrent(row.node.id)}
              onClick={() => {
                setCurrent(row.node.id)
                if (row.node.children) toggle(row.node.id, !isOpen())
              }}
              style={{ 'padding-left': `${(row.level - 1) * 0.875}rem` }}
              class="cursor-default border-b border-line last:border-b-0 hover:bg-hover [contain-intrinsic-size:auto_2.25rem] [content-visibility:auto]"
            >
              <div class="flex items-start gap-1.5 px-2 py-1.5">
                <ChevronRight
                  size={15}
                  class={`mt-0.5 shrink-0 text-muted transition-transform ${row.node.children ? '' : 'invisible'} ${isOpen() ? 'rotate-90' : ''}`}
                />
                <div class="min-w-0 flex-1">
                  <Show when={row.node}>{props.row(row.node, isOpen())}</Show>
                </div>
              </div>
            </div>
          )
        }}
      </For>
    </div>
  )
}
