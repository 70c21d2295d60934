import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useEffect, useId, useRef, useState } from 'react'

import { account } from '../../app/account-api.js'
import { focusSoon } from '../../app/row-focus.js'
import { CopyButton } from '../../components/copy-button.js'
import { Failure } from '../../components/states.js'
import { inGroups } from '../../lib/recovery-codes.js'
import { asApiError } from '../../lib/problem.js'

type Begun = Awaited<ReturnType<typeof account.beginTotp>>

/** From the secret to the first code: scan or type, then confirm. */
export const AuthenticatorSetup = ({
  begun,
  onDone,
  onCancel,
}: {
  readonly begun: Begun
  readonly onDone: (codes: readonly string[] | null) => void
  readonly onCancel: () => void
}) => {
  const id = useId()
  const [code, setCode] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const frame = useRef<HTMLElement>(null)
  // what was pressed is gone: the keyboard goes on where the next step begins
  useEffect(() => frame.current?.focus(), [])
  const confirm = useMutation({
    mutationFn: () => account.confirmTotp(begun.enrolment, code.replaceAll(/\s/g, '')),
    onSuccess: ({ recoveryCodes }) => onDone(recoveryCodes),
    onError: (error) => {
      setCode('')
      if (asApiError(error).code === 'PPT_FACTOR_FAILED') field.current?.focus()
    },
  })
  return (
    <section ref={frame} tabIndex={-1} className="mt-3 outline-none" aria-label="Set up an authenticator app">
      <ol className="grid gap-5">
        <li className="grid gap-x-6 gap-y-3 sm:grid-cols-[11rem_1fr]">
          <img
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(begun.svg)}`}
            alt="QR code of the secret"
            width={176}
            height={176}
            className="rounded-md border border-line bg-white"
          />
          <div className="min-w-0">
            <p>
              <span className="font-medium">1.</span> Scan this with your authenticator app.
            </p>
            <p className="mt-2 text-ink-2">On this device, or no camera? Type the secret instead:</p>
            <p className="mt-1.5 font-mono text-[1.02rem] wrap-anywhere" data-secret="">
              {inGroups(begun.secret)}
            </p>
            <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-2">
              <CopyButton text={begun.secret} label="Copy the secret" />
              <a className="link py-1" href={begun.uri}>
                Open in an app
              </a>
            </div>
          </div>
        </li>
        <li>
          <form
            className="grid gap-3"
            onSubmit={(event) => {
              event.preventDefault()
              confirm.mutate()
            }}
          >
            <div>
              <label htmlFor={id} className="block">
                <span className="font-medium">2.</span> Type the six digits that it shows.
              </label>
              <input
                id={id}
                ref={field}
                className="field mt-1.5 max-w-44 font-mono text-[1.15rem] tracking-[0.12em]"
                required
                maxLength={9}
                inputMode="numeric"
                autoComplete="one-time-code"
                spellCheck={false}
                value={code}
                onChange={(event) => setCode(event.target.value)}
              />
            </div>
            {confirm.error === null ? null : <Failure error={confirm.error} compact />}
            <div className="flex flex-wrap gap-2">
              <button type="submit" className="button" data-kind="primary" disabled={confirm.isPending}>
                {confirm.isPending ? 'Checking…' : 'Turn it on'}
              </button>
              <button type="button" className="button" data-kind="quiet" onClick={onCancel}>
                Cancel
              </button>
            </div>
          </form>
        </li>
      </ol>
    </section>
  )
}

/** The button that begins, and what it leads to. */
export const AddAuthenticator = ({
  onDone,
  children,
}: {
  readonly onDone: (codes: readonly string[] | null) => void
  /** what it is good for, before it begins */
  readonly children?: ReactNode
}) => {
  const begin = useMutation({ mutationFn: account.beginTotp })
  if (begin.data !== undefined) {
    return (
      <AuthenticatorSetup
        begun={begin.data}
        onDone={(codes) => {
          begin.reset()
          onDone(codes)
        }}
        onCancel={() => {
          begin.reset()
          focusSoon('[data-authenticator]')
        }}
      />
    )
  }
  return (
    <>
      {children}
      <button type="button" className="button" data-authenticator="" disabled={begin.isPending} onClick={() => begin.mutate()}>
        {begin.isPending ? 'One moment…' : 'Set up an app'}
      </button>
      {begin.error === null ? null : (
        <div className="mt-3">
          <Failure error={begin.error} compact />
        </div>
      )}
    </>
  )
}
