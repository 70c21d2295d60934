import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation, useSearch } from 'wouter'

import { api } from '../../app/api.js'
import { Entrance } from '../../components/entrance.js'
import { NameField } from '../../components/name-field.js'
import { useTitle } from '../../components/page-title.js'
import { PasswordField } from '../../components/password-field.js'
import { Failure } from '../../components/states.js'
import { safePath } from '../../lib/safe-path.js'

/** Signs an operator in and goes back to where the session ended. */
export const SignIn = () => {
  useTitle('Sign in')
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const next = safePath(new URLSearchParams(useSearch()).get('next'), '/')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const setup = useQuery({ queryKey: ['setup'], queryFn: api.setupNeeded })
  const mutation = useMutation({
    mutationFn: () => api.signIn(name, password),
    onSuccess: async () => {
      client.removeQueries({ queryKey: ['session'] })
      await client.fetchQuery({ queryKey: ['session'], queryFn: api.session })
      navigate(next, { replace: true })
    },
    onError: () => setPassword(''),
  })
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
          mutation.mutate()
        }}
      >
        <NameField value={name} onChange={setName} maxLength={128} />
        <PasswordField label="Password" value={password} onChange={setPassword} autoComplete="current-password" />
        {mutation.error === null ? null : <Failure error={mutation.error} compact />}
        <button type="submit" className="button min-h-10!" data-kind="primary" disabled={mutation.isPending}>
          {mutation.isPending ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </Entrance>
  )
}
