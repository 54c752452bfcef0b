/** Uploading a release: its manifest is shown before anything is sent. */
import { createSignal, For, Show } from 'solid-js'
import { type AgentRelease, api, type SignedRelease } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

/** Enough to show it; whether it holds, the control plane and each agent find out. */
function manifestIn(text: string): SignedRelease | null {
  try {
    const read = JSON.parse(text) as SignedRelease
    return typeof read.release.version === 'string' && typeof read.signature === 'string' ? read : null
  } catch {
    return null
  }
}

/** One that was registered before its file arrived is gone on with. */
async function send(signed: SignedRelease, program: File, known: readonly AgentRelease[]): Promise<AgentRelease> {
  const registered = known.find(({ sha256, withdrawn_at }) => withdrawn_at === null && sha256 === signed.release.sha256)
  const { id } = registered ?? (await api.addRelease(signed))
  return await api.storeRelease(id, program)
}

const lines = ({ release, key }: SignedRelease): [string, string][] => [
  [t('rollouts.version'), release.version],
  [t('rollouts.platform'), release.platform],
  [t('rollouts.size'), say.bytes(release.bytes)],
  [t('rollouts.released'), say.instant(release.released_at)],
  [t('rollouts.hash'), release.sha256],
  [t('rollouts.key'), key],
  ...(release.next_key ? [[t('rollouts.next_key'), release.next_key] as [string, string]] : []),
]

interface Props {
  known: readonly AgentRelease[]
  onClose: () => void
  onDone: (release: AgentRelease) => void
}

export function UploadRelease(props: Props) {
  const [signed, setSigned] = createSignal<SignedRelease>()
  const [isBad, setBad] = createSignal(false)
  const [program, setProgram] = createSignal<File>()
  const take = async (file: File | undefined) => {
    const read = file && manifestIn(await file.text())
    setSigned(read ?? undefined)
    setBad(file !== undefined && !read)
  }
  const form = createSubmit({
    run: ([manifest, file]: [SignedRelease, File]) => send(manifest, file, props.known),
    onDone: (release) => props.onDone(release),
  })
  const ready = (): [SignedRelease, File] | undefined => {
    const [manifest, file] = [signed(), program()]
    return manifest && file && [manifest, file]
  }
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('rollouts.upload')}
      lead={t('rollouts.upload_lead')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            variant="primary"
            busy={form.busy()}
            disabled={!ready()}
            onClick={() => {
              const both = ready()
              if (both) void form.submit(both)
            }}
          >
            {t('rollouts.upload')}
          </Button>
        </>
      }
    >
      <div class="flex flex-col gap-4">
        <TextField
          label={t('rollouts.manifest_file')}
          hint={t('rollouts.manifest_hint')}
          type="file"
          accept=".json,application/json"
          error={isBad() ? t('rollouts.manifest_bad') : undefined}
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
        <Show when={signed()}>{(manifest) => <ManifestLines signed={manifest()} />}</Show>
        <TextField
          label={t('rollouts.program_file')}
          hint={t('rollouts.program_hint')}
          type="file"
          onChange={(event) => setProgram(event.currentTarget.files?.[0])}
        />
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </div>
    </Dialog>
  )
}

const ManifestLines = (props: { signed: SignedRelease }) => (
  <dl class="m-0 grid gap-x-4 gap-y-1.5 rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm sm:grid-cols-[max-content_1fr]">
    <For each={lines(props.signed)}>
      {([name, value]) => (
        <>
          <dt class="text-muted">{name}</dt>
          <dd class="m-0 min-w-0 font-mono text-xs leading-5 break-all">{value}</dd>
        </>
      )}
    </For>
  </dl>
)
