import type { SubjectFlag, SubjectView } from '@parapet/core'
import type { LucideIcon } from 'lucide-react'
import { Ban, KeyRound, ShieldAlert, UserX } from 'lucide-react'

import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Countdown } from '../../components/time.js'
import { FLAG_WORD, RISK_WORD, riskLevel } from '../../lib/subjects.js'

const FLAG: Readonly<Record<SubjectFlag['kind'], readonly [Icon: LucideIcon, colour: string]>> = {
  suspend: [UserX, 'text-critical'],
  deny: [Ban, 'text-critical'],
  require_reset: [KeyRound, 'text-high'],
  require_mfa: [ShieldAlert, 'text-medium'],
}

/** What is in force on somebody, as shape, word and colour, with what is left of it. */
export const FlagMark = ({ flag }: { readonly flag: SubjectFlag }) => {
  const [Icon, colour] = FLAG[flag.kind]
  return (
    <span className="inline-flex flex-wrap items-baseline gap-x-1.5">
      <span className={`inline-flex items-baseline gap-1.5 font-medium whitespace-nowrap ${colour}`}>
        <Icon size={14} aria-hidden className="relative top-0.5 shrink-0" />
        {FLAG_WORD[flag.kind]}
      </span>
      <span className="text-[0.93em] text-ink-2">
        <Countdown until={flag.until} />
      </span>
    </span>
  )
}

/** A risk as shape, word, colour and number. */
export const RiskMark = ({ risk }: { readonly risk: number }) => {
  const level = riskLevel(risk)
  return (
    <span className="inline-flex items-baseline gap-1.5 whitespace-nowrap">
      <LevelMark level={level} word={RISK_WORD[level]} />
      <span className="text-ink-2">{Math.round(risk)}</span>
    </span>
  )
}

const UNKNOWN = 'name not told'

/** Who somebody is: the name, or the mail address, or that neither is known. */
export const Who = ({ subject, className }: { readonly subject: SubjectView; readonly className?: string }) => {
  const text = subject.name ?? subject.email
  return text === null ? (
    <span className={className}>
      {UNKNOWN} <HostileText text={subject.id} limit={40} expandable={false} className="font-mono text-[0.85em] text-ink-3" />
    </span>
  ) : (
    <HostileText text={text} limit={80} expandable={false} {...(className === undefined ? {} : { className })} />
  )
}
