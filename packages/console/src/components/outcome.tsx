import type { AlertView } from '@parapet/core'

import { useNow } from '../app/clock.js'
import { useLive } from '../app/live.js'
import { outcomeOf } from '../lib/live-lists.js'
import { Countdown } from './time.js'

const WORDS = { observed: 'Watched only', ended: 'Block ended', none: 'No action' } as const

/** What became of an alert, in a word or two. */
export const Outcome = ({ alert }: { readonly alert: AlertView }) => {
  const active = useLive((live) => live.active)
  const now = useNow()
  const outcome = outcomeOf(alert, active, now)
  if (outcome.kind === 'enforced') {
    return (
      <span className="whitespace-nowrap">
        <span className="font-medium text-accent">Blocked{outcome.scope === 'login' ? ' at sign-in' : ''}</span>{' '}
        <span className="text-ink-3">
          <Countdown until={outcome.until} />
        </span>
      </span>
    )
  }
  return (
    <span className={outcome.kind === 'observed' ? 'whitespace-nowrap text-ink-2' : 'whitespace-nowrap text-ink-3'}>
      {WORDS[outcome.kind]}
    </span>
  )
}
