/** How the documents of a company look: logo, colour, payment details, footer; with what that gives beside it. */
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type LegalEntity } from '../api.ts'
import { links } from '../links.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { TextArea, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { BrandingPreview } from './branding-preview.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { Section } from './page.tsx'

const POINTERS = [
  '/branding/colour',
  '/branding/footer/en',
  '/branding/footer/es',
  '/branding/bank/name',
  '/branding/bank/iban',
  '/branding/bank/bic',
]

const fieldsOf = ({ branding: { colour, footer, bank } }: LegalEntity) => ({
  colour: colour ?? '',
  en: footer.en,
  es: footer.es,
  bank: bank?.name ?? '',
  iban: bank?.iban ?? '',
  bic: bank?.bic ?? '',
})
export type BrandingFields = ReturnType<typeof fieldsOf>

const bodyOf = ({ colour, en, es, bank, iban, bic }: BrandingFields): LegalEntity['branding'] => ({
  colour: colour.trim() || null,
  footer: { en, es },
  bank: bank || iban || bic ? { name: bank, iban, bic } : null,
})

export function BrandingSection(props: { entity: LegalEntity; title: string }) {
  const client = useQueryClient()
  const may = createMay()
  const [fields, setFields] = createStore(fieldsOf(props.entity))
  const saved = () => {
    tell(t('common.saved'), 'ok', t('common.close'))
    for (const key of ['legal-entities', 'drafts']) void client.invalidateQueries({ queryKey: [key] })
  }
  const form = createSubmit({
    run: () => api.changeLegalEntity(props.entity.id, { branding: bodyOf(fields) }),
    onDone: saved,
  })
  const plain = (name: keyof BrandingFields, pointer: string) => ({
    value: fields[name],
    error: form.fieldError(pointer),
    onInput: (event: InputEvent & { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      setFields(name, event.currentTarget.value),
  })
  return (
    <Section title={props.title} lead={t('branding.lead')}>
      <div class="grid items-start gap-5 p-4 xl:grid-cols-2">
        <form
          class="flex min-w-0 flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            void form.submit(undefined)
          }}
        >
          <LogoField entity={props.entity} onSaved={saved} />
          <div class="flex items-end gap-2">
            <TextField
              class="flex-1"
              label={t('branding.colour')}
              hint={t('branding.colour_hint')}
              optional={t('common.optional')}
              maxlength={7}
              placeholder="#1d4ed8"
              {...plain('colour', '/branding/colour')}
            />
            <input
              type="color"
              aria-label={t('branding.choose_colour')}
              class="mb-6 h-9 w-11 shrink-0 rounded-lg border border-control bg-surface p-1"
              value={/^#[0-9a-f]{6}$/i.test(fields.colour) ? fields.colour : '#000000'}
              onInput={(event) => setFields('colour', event.currentTarget.value)}
            />
          </div>
          <TextField
            label={t('branding.bank')}
            optional={t('common.optional')}
            maxlength={100}
            {...plain('bank', '/branding/bank/name')}
          />
          <div class="grid gap-4 sm:grid-cols-[2fr_1fr]">
            <TextField
              label="IBAN"
              optional={t('common.optional')}
              maxlength={42}
              {...plain('iban', '/branding/bank/iban')}
            />
            <TextField
              label="BIC"
              optional={t('common.optional')}
              maxlength={11}
              {...plain('bic', '/branding/bank/bic')}
            />
          </div>
          <TextArea
            label={t('branding.footer_en')}
            hint={t('branding.footer_hint')}
            optional={t('common.optional')}
            maxlength={400}
            {...plain('en', '/branding/footer/en')}
          />
          <TextArea
            label={t('branding.footer_es')}
            optional={t('common.optional')}
            maxlength={400}
            {...plain('es', '/branding/footer/es')}
          />
          <Show when={form.restError(POINTERS)}>{(problem) => <ProblemNote error={problem()} />}</Show>
          <div>
            <Button type="submit" variant="primary" busy={form.busy()} {...may('legal_entities.write')}>
              {t('common.save')}
            </Button>
          </div>
        </form>
        <BrandingPreview entity={props.entity} fields={fields} />
      </div>
    </Section>
  )
}

/** Kept at once when it is chosen: whether it is an image is told by its bytes, at the server. */
function LogoField(props: { entity: LegalEntity; onSaved: () => void }) {
  const may = createMay()
  const [file, setFile] = createSignal<HTMLInputElement>()
  const put = createSubmit({
    run: async (chosen: File) => api.putLogo(props.entity.id, await base64Of(chosen)),
    onDone: props.onSaved,
  })
  const remove = createSubmit({ run: () => api.removeLogo(props.entity.id), onDone: props.onSaved })
  return (
    <div class="flex min-w-0 flex-col gap-1.5">
      <span class="text-[0.8125rem] font-medium">{t('branding.logo')}</span>
      <div class="flex flex-wrap items-center gap-3">
        <Show when={props.entity.logo}>
          {(logo) => (
            <img
              src={links.logo(props.entity.id, logo().sha256)}
              alt={t('branding.logo')}
              class="h-12 max-w-48 rounded bg-white object-contain p-1"
            />
          )}
        </Show>
        <Button size="small" busy={put.busy()} onClick={() => file()?.click()} {...may('legal_entities.write')}>
          {t('branding.choose_logo')}
        </Button>
        <Show when={props.entity.logo}>
          <Button
            size="small"
            busy={remove.busy()}
            onClick={() => void remove.submit(undefined)}
            {...may('legal_entities.write')}
          >
            {t('branding.remove_logo')}
          </Button>
        </Show>
        <input
          ref={setFile}
          type="file"
          class="hidden"
          accept="image/png,image/jpeg"
          aria-label={t('branding.logo')}
          onChange={(event) => {
            const [chosen] = event.currentTarget.files ?? []
            event.currentTarget.value = ''
            if (chosen) void put.submit(chosen)
          }}
        />
      </div>
      <p class={`m-0 text-[0.8125rem] ${put.fieldError('/content') ? 'text-bad' : 'text-muted'}`} role="status">
        {put.fieldError('/content') ?? t('branding.logo_hint')}
      </p>
      <Show when={put.restError(['/content']) ?? remove.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
    </div>
  )
}

async function base64Of(file: File): Promise<string> {
  const url = await new Promise<string>((done, failed) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => done(String(reader.result)))
    reader.addEventListener('error', () => failed(reader.error ?? new Error('unreadable')))
    reader.readAsDataURL(file)
  })
  return url.slice(url.indexOf(',') + 1)
}
