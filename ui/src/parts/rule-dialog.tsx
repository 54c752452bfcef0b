/** Making a rule of ownership, or changing one: whom it speaks of, to whom it gives, from when, and what that would do. */
import { useQuery } from '@tanstack/solid-query'
import Plus from 'lucide-solid/icons/plus'
import X from 'lucide-solid/icons/x'
import { For, Show } from 'solid-js'
import { createStore, type SetStoreFunction } from 'solid-js/store'
import { api, type AssignmentRule, type NewRuleChange } from '../api.ts'
import { t } from '../i18n/language.ts'
import { KINDS } from '../i18n/words.ts'
import { Button, IconButton } from '../kit/button.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { tell } from '../kit/toast.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { FormDialog } from './form-dialog.tsx'
import { FilterMany } from './resource-filters.tsx'
import {
  EFFECTS,
  EMPTY_DRAFT,
  isReady,
  needsKey,
  type RuleDraft,
  type RuleEffectKind,
  type RuleSubject,
  SUBJECTS,
  toDraft,
  toRule,
} from './rule-draft.ts'
import { createWhen, PreviewPart, WhenFields } from './rule-when.tsx'

interface Fields {
  draft: RuleDraft
  set: SetStoreFunction<RuleDraft>
}
interface Props {
  /** null: a new one */
  rule: AssignmentRule | null
  basedOn: string | null
  onDone: () => void
  onClose: () => void
}

export function RuleDialog(props: Props) {
  const [draft, set] = createStore<RuleDraft>(
    props.rule ? toDraft(props.rule) : { ...EMPTY_DRAFT, values: [{ value: '', account: '' }] },
  )
  const when = createWhen()
  const change = (): NewRuleChange => {
    const said = { ...toRule(draft), ...when.value(), based_on: props.basedOn }
    return props.rule ? { kind: 'change', rule_id: props.rule.id, ...said } : { kind: 'create', ...said }
  }
  const form = createSubmit({
    run: () => api.changeRules(change()),
    onDone: () => {
      tell(t('owners.saved'), 'ok', t('common.close'))
      props.onDone()
    },
  })
  return (
    <FormDialog
      title={props.rule ? t('owners.edit', { name: props.rule.name }) : t('owners.add')}
      lead={t('owners.rule_lead')}
      wide
      form={form}
      shown={['/name', '/effective_at', '/reason']}
      ready={isReady(draft) && when.isReady()}
      button={t('common.save')}
      onSubmit={() => void form.submit(undefined)}
      onClose={props.onClose}
    >
      <div class="sm:col-span-2">
        <TextField
          label={t('owners.name')}
          required
          maxlength={200}
          value={draft.name}
          error={form.fieldError('/name')}
          onInput={(event) => set('name', event.currentTarget.value)}
        />
      </div>
      <ConditionFields draft={draft} set={set} />
      <GiveFields draft={draft} set={set} />
      <div class="flex flex-col gap-4 sm:col-span-2">
        <WhenFields when={when} error={form.fieldError} />
        <PreviewPart change={change} ready={isReady(draft) && when.isReady()} />
      </div>
    </FormDialog>
  )
}

const Heading = (props: { text: string }) => (
  <h3 class="m-0 border-t border-line pt-4 text-sm font-semibold sm:col-span-2">{props.text}</h3>
)

function ConditionFields(props: Fields) {
  const sources = useQuery(() => queries.sources())
  const known = (of: 'realm' | 'connector') => [
    ...new Set([
      ...(sources.status === 'success' ? sources.data.items.map((one) => one[of]) : []),
      ...(props.draft[of] ? [props.draft[of]] : []),
    ]),
  ]
  const optionsOf = (of: 'realm' | 'connector') => [
    { value: '', label: t('owners.any') },
    ...known(of)
      .toSorted()
      .map((value) => ({ value, label: value })),
  ]
  const kinds = () => KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))
  return (
    <>
      <Heading text={t('owners.speaks_of')} />
      <SelectField
        label={t('owners.realm')}
        hint={t('owners.realm_hint')}
        value={props.draft.realm}
        options={optionsOf('realm')}
        onChange={(value) => props.set('realm', value)}
      />
      <SelectField
        label={t('owners.connector')}
        value={props.draft.connector}
        options={optionsOf('connector')}
        onChange={(value) => props.set('connector', value)}
      />
      <div class="flex flex-col items-start gap-1.5 sm:col-span-2">
        <FilterMany
          label={t('owners.kinds')}
          options={kinds()}
          chosen={props.draft.kinds}
          onChange={(chosen) => props.set('kinds', chosen)}
        />
      </div>
      <SelectField
        label={t('owners.decides')}
        value={props.draft.subject}
        options={SUBJECTS.map((value) => ({ value, label: t(`owners.subject.${value}`) }))}
        onChange={(value) => props.set('subject', value as RuleSubject)}
      />
      <Show when={needsKey(props.draft.subject)} fallback={<span class="max-sm:hidden" />}>
        <TextField
          label={t(`owners.key.${props.draft.subject === 'label' ? 'label' : 'attribute'}`)}
          hint={props.draft.subject === 'label' ? t('owners.label_risk') : t('owners.attribute_hint')}
          required
          value={props.draft.key}
          onInput={(event) => props.set('key', event.currentTarget.value)}
        />
      </Show>
      <Show when={props.draft.subject !== 'anything'}>
        <TextField
          label={t('owners.value')}
          optional={t('common.optional')}
          hint={t('owners.value_hint')}
          value={props.draft.value}
          onInput={(event) => props.set('value', event.currentTarget.value)}
        />
        <span class="max-sm:hidden" />
      </Show>
      <SelectField
        label={t('owners.parent_kind')}
        value={props.draft.parentKind}
        options={[{ value: '', label: t('owners.any') }, ...kinds()]}
        onChange={(value) => props.set('parentKind', value)}
      />
      <Show when={props.draft.parentKind}>
        <TextField
          label={t('owners.parent_id')}
          optional={t('common.optional')}
          value={props.draft.parentId}
          onInput={(event) => props.set('parentId', event.currentTarget.value)}
        />
      </Show>
    </>
  )
}

function createAccounts() {
  const accounts = useQuery(() => queries.accounts())
  return () => (accounts.status === 'success' ? accounts.data.items : [])
}

function GiveFields(props: Fields) {
  const accounts = createAccounts()
  const options = () => [
    { value: '', label: t('owners.choose') },
    ...accounts().map((one) => ({ value: one.id, label: one.name })),
  ]
  const projects = () =>
    (accounts().find(({ id }) => id === props.draft.account)?.projects ?? []).filter(
      ({ closed_at }) => closed_at === null,
    )
  return (
    <>
      <Heading text={t('owners.gives_to')} />
      <SelectField
        label={t('owners.gives')}
        value={props.draft.effect}
        options={EFFECTS.map((value) => ({ value, label: t(`owners.effect.${value}`) }))}
        onChange={(value) => props.set('effect', value as RuleEffectKind)}
      />
      <Show when={props.draft.effect === 'account'} fallback={<span class="max-sm:hidden" />}>
        <SelectField
          label={t('owners.account')}
          value={props.draft.account}
          options={options()}
          onChange={(value) => props.set({ account: value, project: '' })}
        />
        <Show when={projects().length > 0}>
          <SelectField
            label={t('transfer.project')}
            value={props.draft.project}
            options={[
              { value: '', label: t('transfer.no_project') },
              ...projects().map((one) => ({ value: one.id, label: one.name })),
            ]}
            onChange={(value) => props.set('project', value)}
          />
        </Show>
      </Show>
      <Show when={props.draft.effect === 'values'}>
        <ValueRows {...props} options={options()} />
      </Show>
    </>
  )
}

const ValueRows = (props: Fields & { options: { value: string; label: string }[] }) => (
  <div class="flex flex-col gap-2 sm:col-span-2">
    <For each={props.draft.values}>
      {(row, index) => (
        <div class="flex items-center gap-2">
          <TextField
            label={t('owners.value_of', { number: String(index() + 1) })}
            hideLabel
            class="flex-1"
            placeholder={t('owners.value')}
            value={row.value}
            onInput={(event) => props.set('values', index(), 'value', event.currentTarget.value)}
          />
          <SelectField
            label={t('owners.account_of', { number: String(index() + 1) })}
            hideLabel
            class="flex-1"
            value={row.account}
            options={props.options}
            onChange={(value) => props.set('values', index(), 'account', value)}
          />
          <IconButton
            label={t('owners.remove_value')}
            disabled={props.draft.values.length === 1}
            onClick={() =>
              props.set(
                'values',
                props.draft.values.filter((_, at) => at !== index()),
              )
            }
          >
            <X size={16} />
          </IconButton>
        </div>
      )}
    </For>
    <div>
      <Button
        icon={<Plus size={16} />}
        onClick={() => props.set('values', props.draft.values.length, { value: '', account: '' })}
      >
        {t('owners.add_value')}
      </Button>
    </div>
  </div>
)
