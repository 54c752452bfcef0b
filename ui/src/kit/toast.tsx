/** Short messages at the corner that go by themselves. */
import { Toast, toaster } from '@kobalte/core/toast'
import CircleAlert from 'lucide-solid/icons/circle-alert'
import CircleCheck from 'lucide-solid/icons/circle-check'
import X from 'lucide-solid/icons/x'
import { Show } from 'solid-js'
import { Portal } from 'solid-js/web'

type Tone = 'ok' | 'bad'
const SHOWN_MS = { ok: 5_000, bad: 12_000 } as const
/** Something to press must be found and reached first. */
const PRESSED_MS = 20_000

/** `action`: what can be done about it at once. */
export function tell(
  message: string,
  tone: Tone = 'ok',
  closeLabel = 'Close',
  action?: { label: string; run: () => void },
): void {
  toaster.show((props) => (
    // a status can be no item of a list
    <Toast
      as="div"
      toastId={props.toastId}
      duration={action ? PRESSED_MS : SHOWN_MS[tone]}
      class="animate-appear flex items-start gap-3 rounded-xl bg-raised px-4 py-3 text-sm shadow-overlay"
    >
      <span class={tone === 'ok' ? 'mt-px text-ok-mark' : 'mt-px text-bad-mark'}>
        {tone === 'ok' ? <CircleCheck size={18} /> : <CircleAlert size={18} />}
      </span>
      <Toast.Description class="min-w-0 flex-1 break-words">{message}</Toast.Description>
      <Show when={action}>
        {(one) => (
          <button
            type="button"
            class="link -my-0.5 shrink-0 rounded-md px-1 py-0.5"
            onClick={() => {
              toaster.dismiss(props.toastId)
              one().run()
            }}
          >
            {one().label}
          </button>
        )}
      </Show>
      <Toast.CloseButton aria-label={closeLabel} class="-mr-1 rounded-md p-0.5 text-muted hover:text-text">
        <X size={16} />
      </Toast.CloseButton>
    </Toast>
  ))
}

export const Toasts = (props: { label: string }) => (
  <Portal>
    <Toast.Region aria-label={props.label} limit={4}>
      <Toast.List
        as="div"
        // on a narrow screen not over the buttons of a dialog, which stand at the bottom
        class="fixed right-4 bottom-4 z-[60] flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2 outline-none max-sm:top-2 max-sm:bottom-auto"
      />
    </Toast.Region>
  </Portal>
)
