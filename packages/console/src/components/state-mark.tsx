import type { LucideIcon } from 'lucide-react'
import { CircleCheck, CircleDashed, CircleOff, Clock3, Eye, TriangleAlert } from 'lucide-react'

import type { Tone } from '../lib/enforcers.js'

const TONE: Readonly<Record<Tone, { readonly Icon: LucideIcon; readonly colour: string }>> = {
  good: { Icon: CircleCheck, colour: 'text-accent' },
  watch: { Icon: Eye, colour: 'text-low' },
  wait: { Icon: Clock3, colour: 'text-medium' },
  warn: { Icon: CircleDashed, colour: 'font-medium text-high' },
  bad: { Icon: TriangleAlert, colour: 'font-semibold text-critical' },
  idle: { Icon: CircleOff, colour: 'text-ink-3' },
}

/** How something stands, as shape, word and colour. */
export const StateMark = ({ tone, word, className = '' }: { readonly tone: Tone; readonly word: string; readonly className?: string }) => {
  const { Icon, colour } = TONE[tone]
  return (
    <span className={`inline-flex items-baseline gap-1.5 whitespace-nowrap ${colour} ${className}`}>
      <Icon size={14} aria-hidden className="relative top-0.5 shrink-0" />
      {word}
    </span>
  )
}

/** Whether something is carried out or only watched; `acts`: it does so itself. */
export const ModeMark = ({ mode, acts = false }: { readonly mode: 'enforce' | 'observe'; readonly acts?: boolean }) =>
  mode === 'enforce' ? (
    <StateMark tone="good" word={acts ? 'Enforces' : 'Enforced'} />
  ) : (
    <StateMark tone="watch" word={acts ? 'Only watches' : 'Observed'} />
  )
