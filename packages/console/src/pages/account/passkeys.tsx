import type { PasskeyView } from '@parapet/core'
import { useMutation } from '@tanstack/react-query'
import { useId, useState } from 'react'

import { account } from '../../app/account-api.js'
import { keepRowFocus } from '../../app/row-focus.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import { Dialog, DialogActions } from '../../components/dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Failure } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { flattenHostile } from '../../lib/hostile.js'

const RenameDialog = ({
  passkey,
  onDone,
  onClose,
}: {
  readonly passkey: PasskeyView
  readonly onDone: () => void
  readonly onClose: () => void
}) => {
  const id = useId()
  const [name, setName] = useState(passkey.name)
  const rename = useMutation({
    mutationFn: () => account.renamePasskey(passkey.id, name.trim()),
    onSuccess: () => {
      onDone()
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title="Rename the passkey">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          rename.mutate()
        }}
      >
        <div>
          <label htmlFor={id} className="font-medium">
            Name
          </label>
          <input id={id} className="field mt-1" required maxLength={80} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        {rename.error === null ? null : <Failure error={rename.error} compact />}
        <DialogActions onCancel={onClose} busy={rename.isPending} act="Rename" doing="Rename" />
      </form>
    </Dialog>
  )
}

/** The passkeys that there are, each with its way out. */
export const Passkeys = ({ passkeys, onChange }: { readonly passkeys: readonly PasskeyView[]; readonly onChange: () => void }) => {
  const [open, setOpen] = useState<{ readonly what: 'rename' | 'remove'; readonly passkey: PasskeyView }>()
  const close = (): void => setOpen(undefined)
  return (
    <>
      <ul className="mb-3">
        {passkeys.map((passkey) => (
          <li
            key={passkey.id}
            data-row={passkey.id}
            tabIndex={-1}
            className="flex flex-wrap items-baseline gap-x-4 gap-y-1 border-b border-line py-2"
          >
            <span className="min-w-0 grow basis-40">
              <HostileText text={passkey.name} limit={80} className="font-medium" />
              <span className="block text-[0.93rem] text-ink-2">
                {passkey.synced ? 'on several devices' : 'on one device'}, added <Ago at={passkey.createdAt} />
                {passkey.lastUsedAt === null ? ', not used yet' : null}
                {passkey.lastUsedAt === null ? null : (
                  <>
                    , used <Ago at={passkey.lastUsedAt} />
                  </>
                )}
              </span>
            </span>
            <span className="flex gap-1">
              <button
                type="button"
                className="button"
                aria-label={`Rename ${flattenHostile(passkey.name, 80)}`}
                onClick={() => setOpen({ what: 'rename', passkey })}
              >
                Rename
              </button>
              <button
                type="button"
                className="button"
                aria-label={`Remove ${flattenHostile(passkey.name, 80)}`}
                onClick={() => setOpen({ what: 'remove', passkey })}
              >
                Remove
              </button>
            </span>
          </li>
        ))}
      </ul>
      {open?.what === 'rename' ? <RenameDialog passkey={open.passkey} onDone={onChange} onClose={close} /> : null}
      {open?.what === 'remove' ? (
        <ConfirmDialog
          title="Remove the passkey?"
          words={['Remove it', 'Removing…']}
          act={async () => {
            await account.removePasskey(open.passkey.id)
            keepRowFocus([open.passkey.id])
            onChange()
          }}
          onClose={close}
        >
          <p>
            <HostileText text={open.passkey.name} limit={80} className="font-medium text-ink" /> will not sign you in any more. Your other
            sessions end.
          </p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}
