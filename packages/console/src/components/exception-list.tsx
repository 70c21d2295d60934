import type { RuleException } from '@parapet/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { mayChangeRules } from '../app/api.js'
import { useNow } from '../app/clock.js'
import { detect } from '../app/detect-api.js'
import { useOperator } from '../app/session.js'
import { flattenHostile } from '../lib/hostile.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { HostileText } from './hostile-text.js'
import { Ago, Countdown } from './time.js'
import { toasts } from './toasts.js'

const Match = ({ match }: { readonly match: RuleException['match'] }) => (
  <>
    {Object.entries(match).map(([field, value], index) => (
      <span key={field}>
        {index === 0 ? '' : ' and '}
        <span className="text-ink-2">{field}</span> is <HostileText text={String(value)} limit={80} className="font-mono text-[0.93em]" />
      </span>
    ))}
  </>
)

/** What a rule leaves out of account, with who, why and how long; each can be taken away. */
export const ExceptionList = ({ exceptions }: { readonly exceptions: readonly RuleException[] }) => {
  const client = useQueryClient()
  const may = mayChangeRules(useOperator())
  const now = useNow(60_000)
  const [removing, setRemoving] = useState<RuleException>()
  if (exceptions.length === 0) return <p className="py-2 text-ink-2">None. A false positive can become one.</p>
  return (
    <>
      <ul>
        {exceptions.map((exception) => (
          <li
            key={exception.id}
            data-row={exception.id}
            tabIndex={-1}
            className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1.5 border-b border-line py-2"
          >
            <div className="min-w-0 grow basis-56 wrap-anywhere">
              <p>
                <Match match={exception.match} />
              </p>
              <p className="text-[0.93rem] text-ink-2">
                <HostileText text={exception.reason} limit={200} /> · by <HostileText text={exception.by.name} limit={40} />{' '}
                <Ago at={exception.createdAt} /> ·{' '}
                {exception.until > now ? (
                  <>
                    ends in <Countdown until={exception.until} />
                  </>
                ) : (
                  'over'
                )}
              </p>
            </div>
            {may ? (
              <button
                type="button"
                className="button"
                onClick={() => setRemoving(exception)}
                aria-label={`Remove the exception: ${flattenHostile(exception.reason, 60)}`}
              >
                Remove
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {removing === undefined ? null : (
        <ConfirmDialog
          title="Remove this exception?"
          words={['Remove', 'Removing…']}
          act={async () => {
            await detect.removeException(removing.id)
            toasts.add({ title: 'The exception is gone' })
            for (const queryKey of [['triage-group'], ['rules'], ['rule']]) void client.invalidateQueries({ queryKey })
          }}
          onClose={() => setRemoving(undefined)}
        >
          <p>
            Events where <Match match={removing.match} /> count again from now on.
          </p>
        </ConfirmDialog>
      )}
    </>
  )
}
