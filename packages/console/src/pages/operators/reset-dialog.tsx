import type { OperatorView } from '@parapet/core'
import { useEffect, useRef } from 'react'

import { account } from '../../app/account-api.js'
import { CopyButton } from '../../components/copy-button.js'
import { Dialog } from '../../components/dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { zonedTime } from '../../lib/format.js'

/** Resets an operator and shows, this once, the link for a new password. */
export const ResetDialog = ({
  operator,
  onDone,
  onClose,
}: {
  readonly operator: OperatorView
  readonly onDone: () => void
  readonly onClose: () => void
}) => {
  const link = useRef<HTMLParagraphElement>(null)
  const reset = useSubmit(() => account.resetOperator(operator.id), { onDone })
  const done = reset.data
  useEffect(() => {
    if (done !== undefined) link.current?.focus()
  }, [done])
  if (done !== undefined) {
    return (
      <Dialog
        open
        onClose={onClose}
        title="The one-time link"
        description="Shown this once. Hand it over in person or by a call, never in a chat that is kept."
      >
        <p ref={link} tabIndex={-1} className="rounded-md bg-sunken p-3 font-mono text-[0.93rem] wrap-anywhere outline-none" data-link="">
          {done.link}
        </p>
        <p className="mt-3 text-ink-2">Good until {zonedTime(done.expiresAt)}; it sets a new password, once.</p>
        <div className="mt-4 flex flex-wrap justify-end gap-2">
          <CopyButton text={done.link} label="Copy the link" />
          <button type="button" className="button" data-kind="primary" onClick={onClose}>
            Done
          </button>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title="Reset this operator?">
      <SubmitForm submit={reset} onCancel={onClose} words={['Reset', 'Resetting…']} kind="danger">
        <div className="grid gap-2 text-ink-2">
          <p>
            <HostileText text={operator.name} limit={80} className="font-medium text-ink" /> is signed out everywhere, and the password, the
            second factors, the recovery codes and the tokens they made end at once.
          </p>
          <p>You get a link with which they set a new password.</p>
        </div>
      </SubmitForm>
    </Dialog>
  )
}
