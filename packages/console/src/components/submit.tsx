import type { QueryKey } from '@tanstack/react-query'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import type { ApiError } from '../lib/problem.js'
import { asApiError } from '../lib/problem.js'
import { DialogActions } from './dialog.js'
import { Failure } from './states.js'

/** One act that a form asks for, and how it goes. */
export type Submit<T> = {
  readonly run: () => void
  readonly busy: boolean
  readonly error: ApiError | undefined
  readonly data: T | undefined
}

/** An act that waits for a form. When it is done, what it changed is read again (`refresh`: query keys) and `onDone` hears what came back. */
export const useSubmit = <T,>(
  act: () => Promise<T>,
  { refresh = [], onDone }: { readonly refresh?: readonly QueryKey[] | undefined; readonly onDone?: (result: T) => void } = {},
): Submit<T> => {
  const client = useQueryClient()
  const mutation = useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      for (const queryKey of refresh) void client.invalidateQueries({ queryKey })
      onDone?.(result)
    },
  })
  return {
    run: () => mutation.mutate(),
    busy: mutation.isPending,
    error: mutation.error === null ? undefined : asApiError(mutation.error),
    data: mutation.data,
  }
}

/** A form with one act at its end: says while it works, what went wrong, and the way out. */
export const SubmitForm = <T,>({
  submit,
  onCancel,
  words,
  kind = 'primary',
  ready = true,
  quiet = false,
  className = 'grid gap-4',
  foot,
  children,
}: {
  readonly submit: Submit<T>
  readonly onCancel: () => void
  /** what the button says, and while it works */
  readonly words: readonly [string, string]
  readonly kind?: 'primary' | 'danger'
  /** false: something is missing yet */
  readonly ready?: boolean
  /** the error is said beside a field */
  readonly quiet?: boolean
  readonly className?: string
  /** what stands under the error and over the buttons */
  readonly foot?: ReactNode
  readonly children: ReactNode
}) => (
  <form
    className={className}
    autoComplete="off"
    onSubmit={(event) => {
      event.preventDefault()
      if (ready && !submit.busy) submit.run()
    }}
  >
    {children}
    {submit.error === undefined || quiet ? null : <Failure error={submit.error} compact />}
    {foot}
    <DialogActions onCancel={onCancel} busy={submit.busy} ready={ready} act={words[0]} doing={words[1]} kind={kind} />
  </form>
)
