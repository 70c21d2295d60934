import type { EnrolmentMade } from '@parapet/core'
import { useEffect, useRef, useState } from 'react'

import { detect } from '../../app/detect-api.js'
import { CopyButton } from '../../components/copy-button.js'
import { Dialog } from '../../components/dialog.js'
import { TextField } from '../../components/field.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { Countdown } from '../../components/time.js'

const Made = ({ made, onClose }: { readonly made: EnrolmentMade; readonly onClose: () => void }) => {
  const command = useRef<HTMLParagraphElement>(null)
  // the form went away with its focus
  useEffect(() => command.current?.focus(), [])
  return (
    <div className="grid gap-4">
      <p ref={command} tabIndex={-1} className="outline-none">
        Run this on the host, as root. It says first what it will do. The token lets one agent in and is shown this once.
      </p>
      <code className="block border border-line bg-sunken p-3 font-mono text-[0.87rem] wrap-anywhere">{made.command}</code>
      <div className="flex flex-wrap items-center gap-3">
        <CopyButton text={made.command} label="Copy the command" />
        <CopyButton text={made.token} label="Copy the token" />
        <span className="text-ink-2">
          Good for <Countdown until={made.expiresAt} />
        </span>
      </div>
      <div className="flex justify-end">
        <button type="button" className="button" data-kind="primary" onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  )
}

/** Makes a one-time token for a host's agent and shows the command that uses it. */
export const EnrolDialog = ({ onClose }: { readonly onClose: () => void }) => {
  const [name, setName] = useState('')
  const enrol = useSubmit(() => detect.enrol(name.trim()), { refresh: [['enrolments']] })
  return (
    <Dialog open onClose={onClose} title="Enrol an agent">
      {enrol.data === undefined ? (
        <SubmitForm submit={enrol} onCancel={onClose} words={['Make a token', 'Making…']}>
          <TextField
            label="Name of the host"
            required
            maxLength={80}
            spellCheck={false}
            placeholder="web-1"
            hint="What it is called here and in alerts."
            value={name}
            onChange={setName}
          />
        </SubmitForm>
      ) : (
        <Made made={enrol.data} onClose={onClose} />
      )}
    </Dialog>
  )
}
