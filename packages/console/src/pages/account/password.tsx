import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'

import { account } from '../../app/account-api.js'
import { useOperator } from '../../app/session.js'
import { NewPassword } from '../../components/new-password.js'
import { PasswordField } from '../../components/password-field.js'
import { Failure } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { plural } from '../../lib/format.js'

/** Changes one's own password. */
export const Password = ({ changedAt, onChange }: { readonly changedAt: number | null; readonly onChange: () => void }) => {
  const { name } = useOperator()
  const [open, setOpen] = useState(false)
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const button = useRef<HTMLButtonElement>(null)
  const close = (): void => {
    setOpen(false)
    setCurrent('')
    setPassword('')
    queueMicrotask(() => button.current?.focus())
  }
  const change = useMutation({
    mutationFn: () => account.changePassword(current, password),
    onSuccess: ({ sessionsEnded }) => {
      toasts.add({ title: `Password changed${sessionsEnded === 0 ? '' : `; ${plural(sessionsEnded, 'other session')} ended`}.` })
      close()
      onChange()
    },
  })
  if (!open) {
    return (
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-2">
        <p className="text-ink-2">
          {changedAt === null ? (
            'Never changed since the account was made.'
          ) : (
            <>
              Changed <Ago at={changedAt} />.
            </>
          )}
        </p>
        <button ref={button} type="button" className="button" onClick={() => setOpen(true)}>
          Change the password
        </button>
      </div>
    )
  }
  return (
    <form
      className="grid max-w-sm gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        change.mutate()
      }}
    >
      <input type="hidden" name="username" autoComplete="username" value={name} readOnly />
      <PasswordField label="Present password" value={current} onChange={setCurrent} autoComplete="current-password" focus />
      <NewPassword label="New password" value={password} onChange={setPassword} />
      <p className="text-[0.93rem] text-ink-2">Your other sessions end.</p>
      {change.error === null ? null : <Failure error={change.error} compact />}
      <div className="flex flex-wrap gap-2">
        <button type="submit" className="button" data-kind="primary" disabled={change.isPending}>
          {change.isPending ? 'Changing…' : 'Change it'}
        </button>
        <button type="button" className="button" data-kind="quiet" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  )
}
