import type { QueryKey } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { Dialog } from './dialog.js'
import { SubmitForm, useSubmit } from './submit.js'

/** Asks once before something that cannot be undone, and says what went wrong when it did. */
export const ConfirmDialog = ({
  title,
  children,
  words,
  act,
  refresh,
  onClose,
}: {
  readonly title: string
  readonly children: ReactNode
  /** what the button says, and while it works */
  readonly words: readonly [string, string]
  readonly act: () => Promise<unknown>
  /** query keys of what it changes */
  readonly refresh?: readonly QueryKey[]
  readonly onClose: () => void
}) => {
  const submit = useSubmit(act, { refresh, onDone: onClose })
  return (
    <Dialog open onClose={onClose} title={title}>
      <SubmitForm submit={submit} onCancel={onClose} words={words} kind="danger">
        <div className="grid gap-2 text-ink-2">{children}</div>
      </SubmitForm>
    </Dialog>
  )
}
