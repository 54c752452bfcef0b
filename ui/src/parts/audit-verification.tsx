/** Recomputes the chain of seals, and says whether it is whole. */
import ShieldCheck from 'lucide-solid/icons/shield-check'
import { createSignal, Show } from 'solid-js'
import { api, type AuditVerification } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Table } from '../kit/table.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { Section } from './page.tsx'

export function Verification() {
  const [result, setResult] = createSignal<AuditVerification>()
  const form = createSubmit({ run: () => api.verifyAudit(), onDone: setResult })
  return (
    <Section
      title={t('audit.chain')}
      class="mb-4"
      actions={
        <Button
          size="small"
          icon={<ShieldCheck size={15} />}
          busy={form.busy()}
          onClick={() => void form.submit(undefined)}
        >
          {form.busy() ? t('audit.verifying') : t('audit.verify')}
        </Button>
      }
    >
      <div class="flex flex-col gap-3 p-4 text-sm" aria-live="polite">
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
        <Show when={result()} fallback={<p class="m-0 text-muted">{t('audit.chain_text')}</p>}>
          {(found) => <Found result={found()} />}
        </Show>
      </div>
    </Section>
  )
}

function Found(props: { result: AuditVerification }) {
  const wrong = () => props.result.findings.length + props.result.findings_left_out
  const counts = () => ({ records: say.decimal(props.result.records), seals: say.decimal(props.result.seals) })
  return (
    <>
      <p class="m-0 flex flex-wrap items-center gap-x-2 gap-y-1">
        <Badge tone={wrong() ? 'bad' : 'ok'}>{wrong() ? t('audit.broken', wrong()) : t('audit.whole')}</Badge>
        <span class="tabular text-muted">
          {t('audit.verified_text', counts())} <Tail unsealed={props.result.unsealed} />
        </span>
      </p>
      <Show when={props.result.head}>
        {(head) => (
          <p class="m-0 font-mono text-xs break-all text-muted">
            {t('audit.head', { number: head().number })} {head().hash}
          </p>
        )}
      </Show>
      <Show when={props.result.findings.length > 0}>
        <div class="card">
          <Table
            label={t('audit.verify')}
            rows={props.result.findings}
            columns={[
              { id: 'check', header: t('audit.check'), cell: (row) => t(`audit.checks.${row.check}`) },
              { id: 'subject', header: t('audit.where'), class: 'font-mono text-xs', cell: (row) => row.subject },
              { id: 'detail', header: t('audit.finding'), class: 'min-w-64', cell: (row) => row.detail },
            ]}
          />
        </div>
      </Show>
      <Show when={props.result.findings_left_out > 0}>
        <p class="m-0 text-muted">{t('audit.left_out', props.result.findings_left_out)}</p>
      </Show>
    </>
  )
}

const Tail = (props: { unsealed: AuditVerification['unsealed'] }) => (
  <Show when={props.unsealed.count > 0} fallback={t('audit.tail_none')}>
    {t('audit.tail', props.unsealed.count)}
    <Show when={props.unsealed.oldest_at}>
      {(at) => <>, {t('audit.tail_since', { at: say.preciseInstant(at()) })}</>}
    </Show>
    .
  </Show>
)
