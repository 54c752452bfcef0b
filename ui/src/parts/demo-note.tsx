/** Says on every page of a demo that it is one, and ends it with one click. */
import { useQuery } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { queries } from '../queries.ts'
import { Confirm } from './confirm.tsx'
import { createTenant } from './tenant.ts'

const WAIT_MS = 500
const TRIES = 240

/** The demo stops, what is real starts in its place: waits for another installation to answer, then loads it. */
async function removeDemo(): Promise<void> {
  await api.removeDemo()
  let gone = false
  for (let tries = 0; tries < TRIES; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
    const ready = await fetch('/readyz').then(
      (answer) => answer.ok,
      () => false,
    )
    if (gone && ready) break
    gone ||= !ready
  }
  location.assign('/')
}

export function DemoNote() {
  const session = useQuery(() => queries.session())
  const tenant = createTenant()
  const [asking, setAsking] = createSignal(false)
  return (
    <Show when={session.data?.demo}>
      <div
        data-screen-only
        class="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line bg-accent-soft px-4 py-2 text-[0.8125rem] sm:px-6 lg:px-8"
      >
        <p class="m-0">{t('demo.note')}</p>
        <button
          type="button"
          hidden={!tenant.has('installation.write')}
          class="min-h-6 font-medium text-accent-text underline underline-offset-2"
          onClick={() => setAsking(true)}
        >
          {t('demo.remove')}
        </button>
      </div>
      <Show when={asking()}>
        <Confirm
          title={t('demo.remove')}
          text={t('demo.remove_text')}
          button={t('demo.remove')}
          run={removeDemo}
          onDone={() => setAsking(false)}
          onClose={() => setAsking(false)}
        />
      </Show>
    </Show>
  )
}
