import type { AlertView } from '@parapet/core'

import { useNow } from '../app/clock.js'
import { useLive } from '../app/live.js'
import { outcomeOf } from '../lib/live-lists.js'
import { Countdown } from './time.js'

/** What became of an alert, in a word or two. */
export const Outcome = ({ alert }: { readonly alert: AlertView }) => {
  const active = useLive((live) => live.active)
  const now = useNow(10_000)
  const outcome = outcomeOf(alert, active, now)
  switch (outcome.kind) {
    case 'enforced':
      return (
        <span className="whitespace-nowrap">
          <span className="font-medium text-accent">Blocked{outcome.scope === 'login' ? ' at sign-in' : ''}</span>{' '}
          <span className="text-ink-3">
            <Countdown until={outcome.until} />
          </span>
        </span>
      )
    case 'observed':
      return <span className="whitespace-nowrap text-ink-2">Watched only</span>
    case 'ended':
      return <span className="whitespace-nowrap text-ink-3">Block ended</span>
    case 'none':
      return <span className="whitespace-nowrap text-ink-3">No action</span>
  }
}
