import type { FactorMethod } from '@parapet/core'
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser'
import { startAuthentication } from '@simplewebauthn/browser'
import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'

import type { Proof } from '../app/api.js'
import { passkeysPossible, passkeyTrouble } from '../lib/passkeys.js'
import { PasswordField } from './password-field.js'
import { Failure } from './states.js'

type Props = {
  readonly methods: readonly FactorMethod[]
  /** the challenge, where a passkey will do */
  readonly passkey: PublicKeyCredentialRequestOptionsJSON | undefined
  readonly prove: (proof: Proof) => Promise<unknown>
  readonly onProved: () => void
  /** what the button says, and while it works */
  readonly words: readonly [string, string]
}

const OTHER_WAY: Readonly<Record<FactorMethod, string>> = {
  passkey: 'Use a passkey',
  totp: 'Use the authenticator app',
  recovery_code: 'Use a recovery code',
  password: 'Use the password',
}

const CodeField = ({
  kind,
  value,
  onChange,
}: {
  readonly kind: 'totp' | 'recovery_code'
  readonly value: string
  readonly onChange: (value: string) => void
}) => {
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  // the step before went away with its focus
  useEffect(() => field.current?.focus(), [])
  const app = kind === 'totp'
  return (
    <div>
      <label htmlFor={id} className="font-medium">
        {app ? 'Code' : 'Recovery code'}
      </label>
      <input
        id={id}
        ref={field}
        className={`field mt-1 font-mono ${app ? 'text-[1.15rem] tracking-[0.12em]' : ''}`}
        required
        maxLength={app ? 9 : 40}
        inputMode={app ? 'numeric' : 'text'}
        autoComplete={app ? 'one-time-code' : 'off'}
        autoCapitalize="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-describedby={`${id}-hint`}
      />
      <p id={`${id}-hint`} className="mt-1.5 text-[0.93rem] text-ink-2">
        {app ? 'The six digits that your authenticator app shows for Parapet.' : 'One of those you kept. Each works once.'}
      </p>
    </div>
  )
}

/** Proves a second factor, whichever there is; other ways stand below. */
export const ProofForm = ({ methods, passkey, prove, onProved, words }: Props) => {
  const usable = methods.filter((method) => method !== 'passkey' || (passkey !== undefined && passkeysPossible()))
  const [method, setMethod] = useState<FactorMethod>(usable[0] ?? 'recovery_code')
  const [code, setCode] = useState('')
  const form = useRef<HTMLFormElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  // a passkey has no field: what is pressed next has the focus
  useEffect(() => {
    if (method === 'passkey') button.current?.focus()
  }, [method])
  const mutation = useMutation({
    mutationFn: async () => {
      if (method === 'totp') return prove({ code: code.replaceAll(/\s/g, '') })
      if (method === 'recovery_code') return prove({ recoveryCode: code.trim() })
      if (method === 'password') return prove({ password: code })
      if (passkey === undefined) return undefined
      try {
        return await prove({ passkey: await startAuthentication({ optionsJSON: passkey }) })
      } catch (error) {
        throw passkeyTrouble(error)
      }
    },
    onSuccess: onProved,
    onError: () => {
      setCode('')
      form.current?.querySelector('input')?.focus()
    },
  })
  const choose = (next: FactorMethod): void => {
    setMethod(next)
    setCode('')
    mutation.reset()
  }
  return (
    <form
      ref={form}
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault()
        mutation.mutate()
      }}
    >
      {method === 'passkey' ? (
        <p className="text-ink-2">Your browser asks for the passkey: a fingerprint, a face, a PIN or a security key.</p>
      ) : method === 'password' ? (
        <PasswordField label="Password" value={code} onChange={setCode} autoComplete="current-password" focus />
      ) : (
        <CodeField key={method} kind={method} value={code} onChange={setCode} />
      )}
      {mutation.error === null ? null : <Failure error={mutation.error} compact />}
      <button ref={button} type="submit" className="button min-h-10!" data-kind="primary" disabled={mutation.isPending}>
        {method === 'passkey' ? <KeyRound size={16} aria-hidden /> : null}
        {mutation.isPending ? words[1] : method === 'passkey' ? 'Use a passkey' : words[0]}
      </button>
      {usable.length > 1 ? (
        <div className="flex flex-wrap gap-x-5 gap-y-1 border-t border-line pt-3">
          {usable
            .filter((other) => other !== method)
            .map((other) => (
              <button key={other} type="button" className="link py-1" onClick={() => choose(other)}>
                {OTHER_WAY[other]}
              </button>
            ))}
        </div>
      ) : null}
    </form>
  )
}
