import type { Overview } from '@parapet/core'
import { Link } from 'wouter'

import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { SourceState } from '../../components/source-state.js'
import { Ago } from '../../components/time.js'

/** Who sends events, and who has stopped. A silent source is an alarm. */
export const Sources = ({ sources }: { readonly sources: Overview['sources'] }) => (
  <Section
    id="sources"
    title="Sources"
    aside={
      <Link href="/sources" className="link">
        Their health
      </Link>
    }
  >
    {sources.length === 0 ? (
      <p className="py-2 text-ink-2">None yet.</p>
    ) : (
      <ul>
        {sources.map((source) => (
          <li key={source.id} className="flex items-baseline justify-between gap-4 border-b border-line py-2">
            <HostileText text={source.name} limit={60} className="min-w-0 wrap-anywhere" />
            <span className="flex shrink-0 items-baseline gap-4 text-[0.93rem]">
              <span className="text-ink-3">{source.lastEventAt === null ? '' : <Ago at={source.lastEventAt} />}</span>
              <SourceState state={source.state} className="w-24" />
            </span>
          </li>
        ))}
      </ul>
    )}
  </Section>
)
