import type { Decision } from '@parapet/core'
import { isActive } from '@parapet/core'

import { useNow } from '../../app/clock.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Ago, Countdown } from '../../components/time.js'
import { UndoButton } from '../../components/undo.js'
import { actionInWords, authorInWords } from '../../lib/format.js'

const End = ({ decision, now }: { readonly decision: Decision; readonly now: number }) =>
  decision.lifted === undefined ? (
    isActive(decision, now) ? (
      <span>
        ends in <Countdown until={decision.expiresAt} />
      </span>
    ) : (
      <span>
        ended <Ago at={decision.expiresAt} />
      </span>
    )
  ) : (
    <span>
      lifted <Ago at={decision.lifted.at} /> by <HostileText text={authorInWords(decision.lifted.by)} limit={60} />:{' '}
      <HostileText text={decision.lifted.reason} limit={120} />
    </span>
  )

/** What was done about an alert, each with its undo; decisions made together can be undone together. */
export const AlertDecisions = ({ decisions }: { readonly decisions: readonly Decision[] }) => {
  const now = useNow(1_000)
  const active = decisions.filter((decision) => isActive(decision, now))
  return (
    <Section
      id="done"
      title="What was done"
      aside={active.length > 1 ? <UndoButton decisions={active} label={`Undo all ${active.length}`} /> : undefined}
    >
      {decisions.length === 0 ? (
        <p className="py-2 text-ink-2">
          Nothing new was decided for this alert: a decision on the same target stood already, or no policy asks for one.
        </p>
      ) : (
        <ul>
          {decisions.map((decision) => (
            <li
              key={decision.id}
              data-row={decision.id}
              tabIndex={-1}
              className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-2.5"
            >
              <div className="min-w-0 grow basis-64">
                <p>
                  <HostileText text={decision.target.value} limit={64} className="font-mono text-[0.93rem] wrap-anywhere" />{' '}
                  <span className="font-medium">{actionInWords(decision).toLowerCase()}</span>
                </p>
                <p className="text-[0.93rem] text-ink-2 wrap-anywhere">
                  <End decision={decision} now={now} /> · by <HostileText text={authorInWords(decision.author)} limit={60} />
                </p>
              </div>
              {isActive(decision, now) ? <UndoButton decisions={[decision]} /> : null}
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
