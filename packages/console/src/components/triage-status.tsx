import type { TriageGroup, TriageStatus, TriageVerdict } from '@parapet/core'
import type { LucideIcon } from 'lucide-react'
import { BellOff, Circle, CircleCheck, CircleDot } from 'lucide-react'

import { HostileText } from './hostile-text.js'
import { Countdown } from './time.js'

const STATUS: Readonly<Record<TriageStatus, { readonly word: string; readonly Icon: LucideIcon; readonly colour: string }>> = {
  open: { word: 'Open', Icon: Circle, colour: 'font-medium text-high' },
  acknowledged: { word: 'In work', Icon: CircleDot, colour: 'font-medium text-accent' },
  snoozed: { word: 'Snoozed', Icon: BellOff, colour: 'text-ink-2' },
  closed: { word: 'Closed', Icon: CircleCheck, colour: 'text-ink-2' },
}

/** What a verdict is called. */
export const VERDICT_WORD: Readonly<Record<TriageVerdict, string>> = {
  true_positive: 'true positive',
  false_positive: 'false positive',
  benign: 'benign',
}

/** Where a group stands, as shape, word and colour; with its verdict or the end of its snooze. */
export const TriageState = ({ group, self }: { readonly group: TriageGroup; readonly self: string }) => {
  const { word, Icon, colour } = STATUS[group.status]
  return (
    <span className="inline-flex flex-wrap items-baseline gap-x-2">
      <span className={`inline-flex items-baseline gap-1.5 whitespace-nowrap ${colour}`}>
        <Icon size={14} aria-hidden className="relative top-0.5 shrink-0" />
        {word}
      </span>
      {group.status === 'closed' && group.verdict !== null ? <span className="text-ink-2">{VERDICT_WORD[group.verdict]}</span> : null}
      {group.status === 'snoozed' && group.snoozedUntil !== null ? (
        <span className="text-ink-3">
          <Countdown until={group.snoozedUntil} />
        </span>
      ) : null}
      {group.assignee === null ? null : (
        <span className="text-ink-2">
          {group.assignee.id === self ? 'you' : <HostileText text={group.assignee.name} limit={32} expandable={false} />}
        </span>
      )}
    </span>
  )
}
