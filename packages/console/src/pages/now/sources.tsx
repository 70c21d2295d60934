import type { Overview } from '@parapet/core'

import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Ago } from '../../components/time.js'

const STATE = {
  live: { word: 'Live', colour: 'text-accent', shape: <circle cx="6" cy="6" r="5" fill="currentColor" /> },
  silent: { word: 'Silent', colour: 'text-high font-medium', shape: <path d="M6 .5 11.8 11H.2z" fill="currentColor" /> },
  new: {
    word: 'Nothing yet',
    colour: 'text-ink-3',
    shape: <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  },
} as const

/** Who sends events, and who has stopped. A silent source is an alarm. */
export const Sources = ({ sources }: { readonly sources: Overview['sources'] }) => (
  <Section id="sources" title="Sources">
    {sources.length === 0 ? (
      <p className="py-2 text-ink-2">None yet.</p>
    ) : (
      <ul>
        {sources.map((source) => {
          const state = STATE[source.state]
          return (
            <li key={source.id} className="flex items-baseline justify-between gap-4 border-b border-line py-2">
              <HostileText text={source.name} limit={60} className="min-w-0 wrap-anywhere" />
              <span className="flex shrink-0 items-baseline gap-4 text-[0.93rem]">
                <span className="text-ink-3">{source.lastEventAt === null ? '' : <Ago at={source.lastEventAt} />}</span>
                <span className={`inline-flex w-24 items-center gap-1.5 ${state.colour}`}>
                  <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden>
                    {state.shape}
                  </svg>
                  {state.word}
                </span>
              </span>
            </li>
          )
        })}
      </ul>
    )}
  </Section>
)
