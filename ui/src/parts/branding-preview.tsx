/** What a document would look like, as it is being decided: paper is white in any theme. */
import { For, Show } from 'solid-js'
import type { LegalEntity } from '../api.ts'
import { links } from '../links.ts'
import { language, t } from '../i18n/language.ts'
import type { BrandingFields } from './branding.tsx'

const SHOWN_ROWS = [60, 44, 52]

export function BrandingPreview(props: { entity: LegalEntity; fields: BrandingFields }) {
  const colour = () => (/^#[0-9a-f]{6}$/i.test(props.fields.colour) ? props.fields.colour : '#000000')
  const payment = () =>
    [
      { label: t('branding.bank'), text: props.fields.bank },
      { label: 'IBAN', text: props.fields.iban },
      { label: 'BIC', text: props.fields.bic },
    ].filter(({ text }) => text)
  return (
    <figure class="m-0 min-w-0" aria-label={t('branding.preview')}>
      <figcaption class="mb-1.5 text-[0.8125rem] font-medium">{t('branding.preview')}</figcaption>
      <div class="flex min-h-96 flex-col gap-3 rounded-lg border border-line bg-white p-5 text-xs text-black">
        <Show when={props.entity.logo}>
          {(logo) => (
            <img
              src={links.logo(props.entity.id, logo().sha256)}
              alt={t('branding.logo')}
              class="h-10 max-w-44 self-start object-contain object-left"
            />
          )}
        </Show>
        <div class="flex items-end justify-between gap-3 border-b-2 pb-2" style={{ 'border-color': colour() }}>
          <span class="text-xl font-semibold" style={{ color: colour() }}>
            {t('document.invoice')}
          </span>
          <span class="font-semibold">{props.entity.invoice_prefix}…</span>
        </div>
        <p class="m-0 font-semibold break-words">{props.entity.name}</p>
        <div class="flex flex-col gap-2" aria-hidden="true">
          <For each={SHOWN_ROWS}>
            {(width) => (
              <div class="flex justify-between border-b border-neutral-200 pb-1.5">
                <span class="h-2 rounded bg-neutral-200" style={{ width: `${width}%` }} />
                <span class="h-2 w-10 rounded bg-neutral-200" />
              </div>
            )}
          </For>
        </div>
        <Show when={payment().length > 0}>
          <dl class="m-0 mt-2 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
            <For each={payment()}>
              {({ label, text }) => (
                <>
                  <dt class="text-neutral-600">{label}</dt>
                  <dd class="tabular m-0 break-all">{text}</dd>
                </>
              )}
            </For>
          </dl>
        </Show>
        <p class="m-0 mt-auto text-[0.625rem] leading-4 break-words whitespace-pre-line text-neutral-600">
          {props.fields[language()]}
        </p>
      </div>
    </figure>
  )
}
