import type { AccountView } from '@parapet/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ShieldAlert, ShieldCheck } from 'lucide-react'
import { useState } from 'react'

import { account } from '../../app/account-api.js'
import { focusSoon } from '../../app/row-focus.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section, useTitle } from '../../components/page-title.js'
import { Failure, Loading } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { plural } from '../../lib/format.js'
import { AddAuthenticator } from './authenticator.js'
import { AddPasskey } from './add-passkey.js'
import { Notices } from './notices.js'
import { Passkeys } from './passkeys.js'
import { Password } from './password.js'
import { RecoveryCodes } from './recovery-codes.js'
import { Sessions } from './sessions.js'

const Standing = ({ view }: { readonly view: AccountView }) => {
  const secured = view.totp !== null || view.passkeys.length > 0
  const few = secured && view.recoveryCodes < 3
  const Icon = secured ? ShieldCheck : ShieldAlert
  return (
    <p className={`flex items-baseline gap-2 ${secured && !few ? 'text-ink-2' : 'font-medium text-medium'}`}>
      <Icon size={16} aria-hidden className="mt-[0.2em] shrink-0 self-start" />
      <span>
        {!secured
          ? 'A password alone signs you in. Add an app or a passkey, so that a stolen password opens nothing.'
          : few
            ? `Only ${plural(view.recoveryCodes, 'recovery code')} left. Make new ones before the last is gone.`
            : 'A stolen password alone opens nothing.'}
      </span>
    </p>
  )
}

const App = ({
  view,
  onChange,
  onCodes,
}: {
  readonly view: AccountView
  readonly onChange: () => void
  readonly onCodes: (codes: readonly string[] | null) => void
}) => {
  const [removing, setRemoving] = useState(false)
  if (view.totp === null) {
    return (
      <AddAuthenticator onDone={onCodes}>
        <p className="mb-3 text-ink-2">Six digits from your phone, asked for after the password.</p>
      </AddAuthenticator>
    )
  }
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-2">
      <p className="min-w-0 flex-1 basis-60 text-ink-2">
        On since <Ago at={view.totp.createdAt} />. Every sign-in with the password asks for its code.
      </p>
      <button type="button" className="button" onClick={() => setRemoving(true)}>
        Remove the app
      </button>
      {removing ? (
        <ConfirmDialog
          title="Remove the authenticator app?"
          words={['Remove it', 'Removing…']}
          act={async () => {
            await account.removeTotp()
            focusSoon('#app')
            onChange()
          }}
          onClose={() => setRemoving(false)}
        >
          <p>
            {view.passkeys.length === 0
              ? 'It is your only second factor: after this the password alone signs you in, and the recovery codes end.'
              : 'Your passkeys stay.'}{' '}
            Your other sessions end.
          </p>
        </ConfirmDialog>
      ) : null}
    </div>
  )
}

const Codes = ({ view, onCodes }: { readonly view: AccountView; readonly onCodes: (codes: readonly string[]) => void }) => {
  const make = useMutation({ mutationFn: account.makeRecoveryCodes, onSuccess: ({ recoveryCodes }) => onCodes(recoveryCodes) })
  if (view.totp === null && view.passkeys.length === 0)
    return <p className="text-ink-2">They come with the first app or passkey, for the day that it is lost.</p>
  return (
    <>
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-2">
        <p className={view.recoveryCodes < 3 ? 'font-medium text-medium' : 'text-ink-2'}>{plural(view.recoveryCodes, 'code')} left.</p>
        <button type="button" className="button" disabled={make.isPending} onClick={() => make.mutate()}>
          {make.isPending ? 'Making…' : 'Make new codes'}
        </button>
      </div>
      {make.error === null ? null : (
        <div className="mt-3">
          <Failure error={make.error} compact />
        </div>
      )}
    </>
  )
}

/** How one signs in oneself, where one is signed in, and what happened. */
export const Account = () => {
  useTitle('Your account')
  const client = useQueryClient()
  const [codes, setCodes] = useState<readonly string[]>()
  const query = useQuery({ queryKey: ['account', 'own'], queryFn: ({ signal }) => account.read(signal) })
  const changed = (): void => void client.invalidateQueries({ queryKey: ['account'] })
  const withCodes = (fresh: readonly string[] | null): void => {
    if (fresh !== null) setCodes(fresh)
    changed()
  }
  const keep = (): void => {
    setCodes(undefined)
    // what began them is gone by now: the app that was set up, the button that was busy
    focusSoon('#codes')
  }
  const view = query.data
  return (
    <>
      <h1 className="text-3xl font-semibold tracking-tight">Your account</h1>
      {view === undefined ? (
        query.error === null ? (
          <Loading what="your account" />
        ) : (
          <div className="mt-6">
            <Failure error={query.error} retry={() => void query.refetch()} />
          </div>
        )
      ) : (
        <>
          <p className="mt-1 mb-3 text-ink-2 wrap-anywhere">
            <HostileText text={view.name} limit={80} className="font-medium text-ink" />,{' '}
            {view.role === 'admin' ? 'admin' : 'viewer: reads, does not act'}
          </p>
          <Standing view={view} />
          <div className="mt-7 grid grid-cols-[minmax(0,1fr)] gap-x-14 gap-y-9 wrap-anywhere lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
            <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-9">
              <Section id="password" title="Password">
                <Password changedAt={view.passwordChangedAt} onChange={changed} />
              </Section>
              <Section id="app" title="Authenticator app" aside={view.totp === null ? 'off' : 'on'}>
                <App view={view} onChange={changed} onCodes={withCodes} />
              </Section>
              <Section id="passkeys" title="Passkeys" aside={view.passkeys.length === 0 ? 'none' : String(view.passkeys.length)}>
                {view.passkeys.length === 0 ? (
                  <p className="mb-3 text-ink-2">They sign in without a password, and cannot be given away on a forged page.</p>
                ) : (
                  <Passkeys passkeys={view.passkeys} onChange={changed} />
                )}
                <AddPasskey onDone={withCodes} />
              </Section>
              <Section id="codes" title="Recovery codes">
                <Codes view={view} onCodes={withCodes} />
              </Section>
            </div>
            <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-9">
              <Section id="sessions" title="Where you are signed in">
                <Sessions />
              </Section>
              <Section id="notices" title="What happened">
                <Notices />
              </Section>
            </div>
          </div>
        </>
      )}
      {codes === undefined ? null : <RecoveryCodes codes={codes} onKept={keep} />}
    </>
  )
}
