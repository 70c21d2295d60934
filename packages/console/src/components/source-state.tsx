import type { SourceHealth } from '@parapet/core'

const STATE = {
  live: { word: 'Live', colour: 'text-accent', shape: <circle cx="6" cy="6" r="5" fill="currentColor" /> },
  silent: { word: 'Silent', colour: 'text-high font-medium', shape: <path d="M6 .5 11.8 11H.2z" fill="currentColor" /> },
  new: {
    word: 'Nothing yet',
    colour: 'text-ink-3',
    shape: <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  },
} as const

/** Whether something sends, as shape, word and colour. */
export const SourceState = ({ state, className = '' }: { readonly state: SourceHealth['state']; readonly className?: string }) => (
  <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${STATE[state].colour} ${className}`}>
    <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden>
      {STATE[state].shape}
    </svg>
    {STATE[state].word}
  </span>
)
