import { startRegistration } from '@simplewebauthn/browser'
import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useId, useState } from 'react'

import { account } from '../../app/account-api.js'
import { Dialog, DialogActions } from '../../components/dialog.js'
import { Failure } from '../../components/states.js'
import { passkeysPossible, passkeyTrouble } from '../../lib/passkeys.js'

const NameDialog = ({ onDone, onClose }: { readonly onDone: (codes: readonly string[] | null) => void; readonly onClose: () => void }) => {
  const id = useId()
  const [name, setName] = useState('')
  const add = useMutation({
    mutationFn: async () => {
      const optionsJSON = await account.newPasskey()
      try {
        return await account.registerPasskey(name.trim(), await startRegistration({ optionsJSON }))
      } catch (error) {
        throw passkeyTrouble(error)
      }
    },
    onSuccess: ({ recoveryCodes }) => {
      onClose()
      onDone(recoveryCodes)
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a passkey"
      description="Your browser asks where to keep it: this device, a phone or a security key."
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          add.mutate()
        }}
      >
        <div>
          <label htmlFor={id} className="font-medium">
            A name for it
          </label>
          <input
            id={id}
            className="field mt-1"
            required
            maxLength={80}
            autoComplete="off"
            placeholder="Laptop, phone, key on my ring"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        {add.error === null ? null : <Failure error={add.error} compact />}
        <DialogActions onCancel={onClose} busy={add.isPending} act="Go on" doing="Waiting for the browser…" />
      </form>
    </Dialog>
  )
}

/** The button that adds a passkey; says where it cannot. */
export const AddPasskey = ({ onDone }: { readonly onDone: (codes: readonly string[] | null) => void }) => {
  const [asked, setAsked] = useState(false)
  if (!passkeysPossible()) {
    return (
      <p className="text-ink-2">
        This browser cannot make one at this address. Passkeys need a name such as <code className="font-mono text-[0.9em]">localhost</code>{' '}
        or HTTPS.
      </p>
    )
  }
  return (
    <>
      <button type="button" className="button" onClick={() => setAsked(true)}>
        <KeyRound size={15} aria-hidden />
        Add a passkey
      </button>
      {asked ? <NameDialog onDone={onDone} onClose={() => setAsked(false)} /> : null}
    </>
  )
}
