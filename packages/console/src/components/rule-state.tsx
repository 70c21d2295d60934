import type { RuleView } from '@parapet/core'
import type { LucideIcon } from 'lucide-react'
import { CircleCheck, CircleOff, TriangleAlert } from 'lucide-react'

const STATE: Readonly<Record<RuleView['state'], { readonly word: string; readonly Icon: LucideIcon; readonly colour: string }>> = {
  on: { word: 'On', Icon: CircleCheck, colour: 'text-accent' },
  off: { word: 'Off', Icon: CircleOff, colour: 'text-ink-3' },
  broken: { word: 'Broken', Icon: TriangleAlert, colour: 'font-semibold text-critical' },
}

/** Whether a rule runs, as shape, word and colour; a learning one says so. */
export const RuleState = ({ rule }: { readonly rule: Pick<RuleView, 'state' | 'learning'> }) => {
  const { word, Icon, colour } = STATE[rule.state]
  return (
    <span className="whitespace-nowrap">
      <span className={`inline-flex items-baseline gap-1.5 ${colour}`}>
        <Icon size={14} aria-hidden className="relative top-0.5 shrink-0" />
        {word}
      </span>
      {rule.learning ? (
        <span className="ml-2 text-[0.87rem] text-ink-2" title="It still learns what is usual and is quiet until it knows">
          learning
        </span>
      ) : null}
    </span>
  )
}
