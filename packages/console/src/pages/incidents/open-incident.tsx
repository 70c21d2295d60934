import type { IncidentRequest, Level } from '@parapet/core'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { respond } from '../../app/respond-api.js'
import { Dialog } from '../../components/dialog.js'
import { TextField } from '../../components/field.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { plural } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { SeverityChoice } from './severity-choice.js'

const TITLE = 200

/** Opens an incident: by hand, or with what an alert group stands for. */
export const OpenIncident = ({ from, onClose }: { readonly from?: IncidentRequest; readonly onClose: () => void }) => {
  const [, navigate] = useLocation()
  // what a field cannot show as it is must not be sent unseen
  const [title, setTitle] = useState(flattenHostile(from?.title ?? '', TITLE - 1))
  const [severity, setSeverity] = useState<Level>(from?.severity ?? 'high')
  const submit = useSubmit(() => respond.openIncident({ ...from, title: title.trim(), severity }), {
    refresh: [['incidents']],
    onDone: (detail) => {
      onClose()
      navigate(`/incidents/${encodeURIComponent(detail.incident.id)}`)
    },
  })
  const linked = [
    ...((from?.alertIds?.length ?? 0) === 0 ? [] : [plural(from?.alertIds?.length ?? 0, 'alert')]),
    ...((from?.subjects?.length ?? 0) === 0 ? [] : [plural(from?.subjects?.length ?? 0, 'user')]),
    ...((from?.addresses?.length ?? 0) === 0 ? [] : [plural(from?.addresses?.length ?? 0, 'address', 'addresses')]),
  ]
  return (
    <Dialog open onClose={onClose} title="Open an incident" description="One place for what happened, what was done and who does what.">
      <SubmitForm submit={submit} onCancel={onClose} words={['Open it', 'Opening…']} ready={title.trim() !== ''}>
        <TextField label="Title" required maxLength={TITLE} placeholder="What it is, in one line" value={title} onChange={setTitle} />
        <SeverityChoice value={severity} onChange={setSeverity} />
        {linked.length === 0 ? null : <p className="text-ink-2">Linked from the beginning: {linked.join(', ')}.</p>}
      </SubmitForm>
    </Dialog>
  )
}
