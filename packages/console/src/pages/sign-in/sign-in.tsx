import { startAuthentication, WebAuthnAbortService } from '@simplewebauthn/browser'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useLocation, useSearch } from 'wouter'

import { account } from '../../app/account-api.js'
import { api, type Waiting } from '../../app/api.js'
import { focusSoon } from '../../app/row-focus.js'
import { Entrance } from '../../components/entrance.js'
import { NameField } from '../../components/name-field.js'
import { useTitle } from '../../components/page-title.js'
import { PasswordField } from '../../components/password-field.js'
import { ProofForm } from '../../components/proof-form.js'
import { Failure } from '../../components/states.js'
import { passkeysPossible, passkeyTrouble } from '../../lib/passkeys.js'
import { asApiError } from '../../lib/problem.js'
import { safePath } from '../../lib/safe-path.js'
import { useAutofill } from './use-autofill.js'

/** Reads who is signed in now and goes on to where the session ended. */
const useArrival = (): (() => Promise<void>) => {
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const next = safePath(new URLSearchParams(useSearch()).get('next'), '/')
  return async () => {
    client.removeQueries({ queryKey: ['session'] })
    await client.fetchQuery({ queryKey: ['session'], queryFn: api.session })
    navigate(next, { replace: true })
    focusSoon('#main')
  }
}

const SecondStep = ({
  waiting,
  onDone,
  onBack,
}: {
  readonly waiting: Waiting
  readonly onDone: () => void
  readonly onBack: (reason?: unknown) => void
}) => (
  <Entrance title="Second step">
    <p className="-mt-3 mb-6 text-ink-2">The password is right. Now show that it is you.</p>
    <ProofForm
      methods={waiting.methods}
      passkey={waiting.passkey}
      prove={async (proof) => {
        try {
          return await account.finishSignIn(proof)
        } catch (error) {
          if (asApiError(error).code === 'PPT_SIGN_IN_OVER') onBack(error)
          throw error
        }
      }}
      onProved={onDone}
      words={['Sign in', 'Checking…']}
    />
    <button type="button" className="link mt-6 py-1 text-ink-2" onClick={() => onBack()}>
      Back to name and password
    </button>
  </Entrance>
)

/** Signs an operator in and goes back to where the session ended. */
export const SignIn = () => {
  useTitle('Sign in')
  const arrive = useArrival()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [waiting, setWaiting] = useState<Waiting>()
  const [over, setOver] = useState<unknown>()
  const setup = useQuery({ queryKey: ['setup'], queryFn: api.setupNeeded })
  const mutation = useMutation({
    mutationFn: () => api.signIn(name, password),
    onMutate: () => setOver(undefined),
    onSuccess: (answer) => (answer.mfaRequired === true ? setWaiting(answer) : arrive()),
    onError: () => setPassword(''),
  })
  const passkey = useMutation({
    mutationFn: async () => {
      // one request at a time: what the browser offers in the field gives way
      WebAuthnAbortService.cancelCeremony()
      const optionsJSON = await account.passkeyChallenge()
      try {
        return await account.signInWithPasskey(await startAuthentication({ optionsJSON }))
      } catch (error) {
        throw passkeyTrouble(error)
      }
    },
    onMutate: () => setOver(undefined),
    onSuccess: arrive,
  })
  const possible = passkeysPossible()
  useAutofill(possible && waiting === undefined, () => void arrive())
  const busy = mutation.isPending || passkey.isPending
  const error = passkey.error ?? mutation.error ?? over
  if (waiting !== undefined) {
    return (
      <SecondStep
        waiting={waiting}
        onDone={() => void arrive()}
        onBack={(reason) => {
          setWaiting(undefined)
          setPassword('')
          setOver(reason)
        }}
      />
    )
  }
  return (
    <Entrance title="Sign in">
      {setup.data === true ? (
        <p className="mb-6 border-l-2 border-medium py-1 pl-4">
          There is no operator yet. Open the one-time link that the server printed when it started, or run{' '}
          <code className="font-mono text-[0.9em]">parapet init</code> for a new one.
        </p>
      ) : null}
      <form
        className="grid gap-5"
        onSubmit={(event) => {
          event.preventDefault()
          passkey.reset()
          mutation.mutate()
        }}
      >
        <NameField value={name} onChange={setName} maxLength={128} passkeys={possible} />
        <PasswordField label="Password" value={password} onChange={setPassword} autoComplete="current-password" />
        {error === null || error === undefined ? null : <Failure error={error} compact />}
        <button type="submit" className="button min-h-10!" data-kind="primary" disabled={busy}>
          {mutation.isPending ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
      {possible ? (
        <button
          type="button"
          className="button mt-3 min-h-10! w-full"
          disabled={busy}
          onClick={() => {
            mutation.reset()
            passkey.mutate()
          }}
        >
          <KeyRound size={16} aria-hidden />
          {passkey.isPending ? 'Waiting for the passkey…' : 'Use a passkey'}
        </button>
      ) : null}
    </Entrance>
  )
}
