/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a row of buttons is no form: a fieldset would say it is */
import type { TriageGroup } from '@parapet/core'

import { useOperator } from '../../app/session.js'
import type { TriageActs } from './use-triage-keys.js'

const Key = ({ name }: { readonly name: string }) => (
  <kbd className="key hidden lg:inline-block" aria-hidden>
    {name}
  </kbd>
)

/** The acts as buttons, each with its key. */
export const ActButtons = ({
  groups,
  acts,
  busy,
}: {
  readonly groups: readonly TriageGroup[]
  readonly acts: TriageActs
  readonly busy: boolean
}) => {
  const operator = useOperator()
  const idle = groups.every(({ status }) => status === 'open' || status === 'snoozed')
  const mine = groups.every(({ assignee }) => assignee?.id === operator.id)
  return (
    <div className="flex flex-wrap gap-2" role="group" aria-label="Acts">
      <button type="button" className="button" data-kind={idle ? 'primary' : undefined} disabled={busy} onClick={acts.acknowledge}>
        {idle ? 'Acknowledge' : 'Open again'}
        <Key name="a" />
      </button>
      <button type="button" className="button" disabled={busy} onClick={acts.assign}>
        {mine ? 'Give it up' : 'Assign to me'}
        <Key name="m" />
      </button>
      <button type="button" className="button" disabled={busy} onClick={acts.snooze}>
        Snooze…
        <Key name="s" />
      </button>
      <button type="button" className="button" disabled={busy} onClick={acts['false-positive']}>
        False positive…
        <Key name="f" />
      </button>
      <button type="button" className="button" disabled={busy} onClick={acts.close}>
        Close…
        <Key name="c" />
      </button>
    </div>
  )
}
