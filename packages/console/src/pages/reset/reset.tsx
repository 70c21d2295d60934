import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'

import { account } from '../../app/account-api.js'
import { api, type Waiting } from '../../app/api.js'
import { focusSoon } from '../../app/row-focus.js'
import { Entrance } from '../../components/entrance.js'
import { HostileText } from '../../components/hostile-text.js'
import { NewPassword } from '../../components/new-password.js'
import { useTitle } from '../../components/page-title.js'
import { ProofForm } from '../../components/proof-form.js'
import { Failure, Loading } from '../../components/states.js'
import { createLinkTaker } from '../../lib/one-time-link.js'

const takeLink = createLinkTaker()

const NoLink = () => (
  <>
    <p>This page needs the one-time link that an admin gave you. Open that link as a whole, with what follows the #.</p>
    <p className="mt-3 text-ink-2">
      Nobody there to give one? Run <code className="font-mono text-[0.9em]">parapet operators recover</code> on the machine of the control
      plane. If you know your password,{' '}
      <Link href="/sign-in" className="link">
        sign in
      </Link>
      .
    </p>
  </>
)

/** Sets a new password with a one-time link. */
export const Reset = () => {
  useTitle('New password')
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const [link] = useState(takeLink)
  const [password, setPassword] = useState('')
  const [waiting, setWaiting] = useState<Waiting>()
  const whose = useQuery({
    queryKey: ['reset', link],
    queryFn: () => account.checkReset(link),
    enabled: link !== '',
    retry: false,
    staleTime: Infinity,
  })
  const arrive = async (): Promise<void> => {
    client.removeQueries({ queryKey: ['session'] })
    await client.fetchQuery({ queryKey: ['session'], queryFn: api.session })
    navigate('/account', { replace: true })
    focusSoon('#main')
  }
  const mutation = useMutation({
    mutationFn: () => account.finishReset(link, password),
    onSuccess: (answer) => (answer.mfaRequired === true ? setWaiting(answer) : arrive()),
  })
  if (waiting !== undefined) {
    return (
      <Entrance title="Second step">
        <p className="-mt-3 mb-6 text-ink-2">The new password is set. Now show that it is you.</p>
        <ProofForm
          methods={waiting.methods}
          passkey={waiting.passkey}
          prove={account.finishSignIn}
          onProved={() => void arrive()}
          words={['Sign in', 'Checking…']}
        />
      </Entrance>
    )
  }
  return (
    <Entrance title="A new password">
      {link === '' ? (
        <NoLink />
      ) : whose.data === undefined ? (
        whose.error === null ? (
          <Loading what="the link" rows={2} />
        ) : (
          <Failure error={whose.error} retry={() => void whose.refetch()} />
        )
      ) : (
        <>
          <p className="-mt-3 mb-6 text-ink-2 wrap-anywhere">
            For <HostileText text={whose.data.name} limit={80} className="font-medium text-ink" />. The old one opens nothing any more. The
            link works once.
          </p>
          <form
            className="grid gap-5"
            onSubmit={(event) => {
              event.preventDefault()
              mutation.mutate()
            }}
          >
            <input type="hidden" name="username" autoComplete="username" value={whose.data.name} readOnly />
            <NewPassword label="New password" value={password} onChange={setPassword} focus />
            {mutation.error === null ? null : <Failure error={mutation.error} compact />}
            <button type="submit" className="button min-h-10!" data-kind="primary" disabled={mutation.isPending}>
              {mutation.isPending ? 'Setting it…' : 'Set it and sign in'}
            </button>
          </form>
        </>
      )}
    </Entrance>
  )
}
