/** Buttons: one look for each weight of an action. */
import type { JSX } from 'solid-js'
import { Show, splitProps } from 'solid-js'

type Variant = 'primary' | 'secondary' | 'ghost' | 'danger'
type Size = 'small' | 'normal'

const VARIANTS: Record<Variant, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover border-transparent',
  secondary: 'bg-surface text-text border-line-strong hover:bg-hover',
  ghost: 'bg-transparent text-muted border-transparent hover:bg-hover hover:text-text',
  danger: 'bg-bad-strong text-white border-transparent hover:opacity-90',
}
const SIZES: Record<Size, string> = { small: 'h-7 px-2.5 text-[0.8125rem]', normal: 'h-9 px-3.5 text-sm' }
const BASE =
  'inline-flex items-center justify-center gap-1.5 rounded-lg border font-medium whitespace-nowrap transition-colors select-none disabled:opacity-60 disabled:cursor-not-allowed'

export const buttonClass = (variant: Variant = 'secondary', size: Size = 'normal') =>
  `${BASE} ${VARIANTS[variant]} ${SIZES[size]}`

export interface ButtonProps extends JSX.ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: Variant
  size?: Size
  icon?: JSX.Element
  /** the action is under way: the button keeps its size and can't be pressed again */
  busy?: boolean
}

export function Button(props: ButtonProps) {
  const [own, rest] = splitProps(props, ['variant', 'size', 'icon', 'busy', 'class', 'children', 'disabled'])
  return (
    <button
      type="button"
      {...rest}
      disabled={own.disabled || own.busy}
      aria-busy={own.busy || undefined}
      class={`${buttonClass(own.variant, own.size)} ${own.class ?? ''}`}
    >
      <Show when={own.busy} fallback={own.icon}>
        <Spinner />
      </Show>
      {own.children}
    </button>
  )
}

export const Spinner = () => (
  <span
    aria-hidden="true"
    class="size-3.5 shrink-0 animate-spin rounded-full border-2 border-current border-r-transparent opacity-70"
  />
)

interface IconButtonProps extends JSX.ButtonHTMLAttributes<HTMLButtonElement> {
  label: string
  children: JSX.Element
}

/** A button of an icon alone; its label is its name and its tip. */
export function IconButton(props: IconButtonProps) {
  const [own, rest] = splitProps(props, ['label', 'class', 'children'])
  return (
    <button
      type="button"
      {...rest}
      aria-label={own.label}
      title={own.label}
      class={`inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-muted transition-colors hover:bg-hover hover:text-text disabled:opacity-60 ${own.class ?? ''}`}
    >
      {own.children}
    </button>
  )
}
