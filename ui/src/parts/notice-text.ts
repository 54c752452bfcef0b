/** A notice in words, with the one thing to do about it. */
import type { Notice } from '../api.ts'
import { t } from '../i18n/language.ts'
import type { Tone } from '../kit/badge.tsx'
import { paths } from '../paths.ts'

export interface NoticeText {
  tone: Tone
  title: string
  text: string
  action: { label: string; path: string }
}

const param = (notice: Notice, name: string): string => {
  const value = notice.params[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** The word in a notice's code that decides what it is about: `agent.silent`, `source_failing`, `usage.unrated` … */
const SUBJECTS = [
  'silent',
  'failing',
  'unrated',
  'unowned',
  'quarantine',
  'cloned',
  'forged',
  'alarm',
  'clock',
  'conflict',
  'spool',
  'halted',
] as const
export const noticeSubject = (code: string) => SUBJECTS.find((word) => code.includes(word))

const lookAt = (notice: Notice): string => {
  if (notice.subject.kind === 'agent') return paths.agents
  if (notice.subject.kind === 'source') return paths.source(notice.subject.id)
  if (notice.subject.kind === 'account') return paths.draft(notice.subject.id)
  return notice.subject.kind === 'installation' ? paths.accounting : paths.resource(notice.subject.id)
}

/** A vendor's words come as they are; what the control plane itself says of a source, in the person's language. */
export const failureText = ({ code, message, remedy }: { code: string; message: string; remedy: string }) =>
  code === 'secrets_unreadable' || code === 'agent_away' || code === 'agent_too_old' || code === 'agent_slow'
    ? { message: t(`sources.${code}`), remedy: t(`sources.${code}_remedy`) }
    : { message, remedy }

function failingText(notice: Notice): string {
  const [code, message, remedy] = [param(notice, 'code'), param(notice, 'message'), param(notice, 'remedy')]
  const said = failureText({ code, message, remedy })
  return [said.message, said.remedy].filter(Boolean).join(' ')
}

export function noticeText(notice: Notice): NoticeText {
  const { name } = notice.subject
  const look = { label: t('notice.look'), path: lookAt(notice) }
  switch (noticeSubject(notice.code)) {
    case 'silent':
      return {
        tone: 'bad',
        title: t('notice.silent', { name }),
        text: t('notice.silent_text'),
        action: { ...look, label: notice.subject.kind === 'agent' ? t('notice.see_agent') : look.label },
      }
    case 'failing':
      return {
        tone: 'bad',
        title: t('notice.source_failing', { name }),
        text: failingText(notice),
        action: { label: t('notice.see_source'), path: paths.agents },
      }
    case 'unrated':
      return {
        tone: 'warn',
        title: t('notice.unrated', { name }),
        text: t('notice.unrated_text'),
        action: { label: t('notice.set_price'), path: `${paths.prices}?set=1` },
      }
    case 'unowned':
      return {
        tone: 'warn',
        title: t('notice.unowned', { name }),
        text: t('notice.unowned_text'),
        action: { label: t('notice.assign'), path: paths.resources({ account_id: 'none' }) },
      }
    case 'quarantine':
      return {
        tone: 'warn',
        title: t('notice.quarantine', { name }),
        text: t('notice.quarantine_text'),
        action: { label: t('notice.see_refused'), path: paths.quarantine },
      }
    case 'cloned':
      return { tone: 'bad', title: t('notice.cloned', { name }), text: t('notice.cloned_text'), action: look }
    case 'forged':
      return { tone: 'bad', title: t('notice.forged', { name }), text: t('notice.forged_text'), action: look }
    case 'alarm':
      return { tone: 'bad', title: t('notice.alarm', { name }), text: param(notice, 'alarm'), action: look }
    case 'clock':
      return { tone: 'warn', title: t('notice.clock', { name }), text: t('notice.clock_text'), action: look }
    case 'conflict':
      return { tone: 'warn', title: t('notice.conflict', { name }), text: t('notice.conflict_text'), action: look }
    case 'halted':
      return {
        tone: 'bad',
        title: t('notice.halted', { name }),
        text: t('notice.halted_text', { failures: param(notice, 'failures') }),
        action: { ...look, path: paths.rollouts },
      }
    case 'spool':
      return { tone: 'warn', title: t('notice.spool', { name }), text: t('notice.spool_text'), action: look }
    default:
      return {
        tone: 'warn',
        title: t('notice.other', { code: notice.code, name }),
        text: param(notice, 'message'),
        action: look,
      }
  }
}
