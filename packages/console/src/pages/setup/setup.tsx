import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useLocation } from 'wouter'

import { api } from '../../app/api.js'
import { focusSoon } from '../../app/row-focus.js'
import { Entrance } from '../../components/entrance.js'
import { NameField } from '../../components/name-field.js'
import { NewPassword } from '../../components/new-password.js'
import { useTitle } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { createLinkTaker } from '../../lib/one-time-link.js'
import { asApiError } from '../../lib/problem.js'

const takeLink = createLinkTaker()

/** Makes the first operator with the link that the server printed. */
export const Setup = () => {
  useTitle('Set up')
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const [link] = useState(takeLink)
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const mutation = useMutation({
    mutationFn: async () => {
      await api.setUp(link, name, password)
      try {
        return await api.session()
      } catch (error) {
        if (asApiError(error).status !== 401) throw error
        await api.signIn(name, password)
        return api.session()
      }
    },
    onSuccess: (operator) => {
      client.setQueryData(['session'], operator)
      client.removeQueries({ queryKey: ['setup'] })
      navigate('/', { replace: true })
      focusSoon('#main')
    },
  })
  if (link === '') {
    return (
      <Entrance title="Set up">
        <p>
          This page needs the one-time link that the server printed when it started. Open that link as a whole, with what follows the #.
        </p>
        <p className="mt-3 text-ink-2">
          Lost it? Run <code className="font-mono text-[0.9em]">parapet init</code> on the machine of the control plane for a new one. If
          there is an operator already,{' '}
          <Link href="/sign-in" className="link">
            sign in
          </Link>
          .
        </p>
      </Entrance>
    )
  }
  return (
    <Entrance title="The first operator">
      <p className="-mt-3 mb-6 text-ink-2">An admin who can invite others. The link works once.</p>
      <form
        className="grid gap-5"
        onSubmit={(event) => {
          event.preventDefault()
          mutation.mutate()
        }}
      >
        <NameField value={name} onChange={setName} maxLength={64} />
        <NewPassword value={password} onChange={setPassword} />
        {mutation.error === null ? null : <Failure error={mutation.error} compact />}
        <button type="submit" className="button min-h-10!" data-kind="primary" disabled={mutation.isPending}>
          {mutation.isPending ? 'Setting up…' : 'Create the operator'}
        </button>
      </form>
    </Entrance>
  )
}
