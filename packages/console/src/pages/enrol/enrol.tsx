import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { api } from '../../app/api.js'
import { Entrance } from '../../components/entrance.js'
import { useTitle } from '../../components/page-title.js'
import { AddAuthenticator } from '../account/authenticator.js'
import { AddPasskey } from '../account/add-passkey.js'
import { RecoveryCodes } from '../account/recovery-codes.js'

/** What stands before everything else while the rules ask for a second factor and there is none. */
export const Enrol = () => {
  useTitle('Second factor')
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const [codes, setCodes] = useState<readonly string[]>()
  const goOn = async (): Promise<void> => {
    await client.fetchQuery({ queryKey: ['session'], queryFn: api.session, staleTime: 0 })
  }
  const leave = async (): Promise<void> => {
    await api.signOut().catch(() => undefined)
    navigate('/sign-in', { replace: true })
    client.clear()
  }
  const done = (fresh: readonly string[] | null): void => {
    if (fresh === null) void goOn()
    else setCodes(fresh)
  }
  return (
    <Entrance title="A second factor first">
      <p className="-mt-3 mb-6 text-ink-2">
        This installation asks for one, so that a stolen password alone opens nothing. Take what is at hand; you can add others later.
      </p>
      <div className="grid gap-7">
        <section aria-labelledby="enrol-passkey">
          <h2 id="enrol-passkey" className="font-semibold">
            A passkey
          </h2>
          <p className="mt-0.5 mb-2.5 text-ink-2">Fingerprint, face, PIN or a security key. The safest, and the quickest later.</p>
          <AddPasskey onDone={done} />
        </section>
        <section aria-labelledby="enrol-app">
          <h2 id="enrol-app" className="font-semibold">
            An authenticator app
          </h2>
          <p className="mt-0.5 mb-2.5 text-ink-2">Six digits from your phone at every sign-in.</p>
          <AddAuthenticator onDone={done} />
        </section>
        <button type="button" className="link w-fit py-1 text-ink-2" onClick={() => void leave()}>
          Sign out
        </button>
      </div>
      {codes === undefined ? null : <RecoveryCodes codes={codes} onKept={() => void goOn()} />}
    </Entrance>
  )
}
