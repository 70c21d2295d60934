import { useState } from 'react'

import { respond } from '../../app/respond-api.js'
import { Dialog } from '../../components/dialog.js'
import { Choice, TextField } from '../../components/field.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'

const KINDS = {
  address: ['Address', 'where it comes from or goes to', '203.0.113.7 or 2001:db8::/64'],
  subject: ['User', 'who is hit, or who did it', 'The name, as alerts write it'],
  alertId: ['Alert', 'its id, as the address of its page ends', 'The end of the address of its page'],
} as const
type Kind = keyof typeof KINDS

/** Ties one more address, user or alert to an incident. */
export const LinkMore = ({ id, onClose }: { readonly id: string; readonly onClose: () => void }) => {
  const [kind, setKind] = useState<Kind>('address')
  const [value, setValue] = useState('')
  const submit = useSubmit(
    () => {
      const text = value.trim()
      return respond.actOnIncident(
        id,
        kind === 'address'
          ? { act: 'link', address: text }
          : kind === 'subject'
            ? { act: 'link', subject: text }
            : { act: 'link', alertId: text.slice(text.lastIndexOf('/') + 1) },
      )
    },
    { refresh: [['incident', id], ['incidents']], onDone: onClose },
  )
  return (
    <Dialog open onClose={onClose} title="Link more">
      <SubmitForm submit={submit} onCancel={onClose} words={['Link it', 'Linking…']} ready={value.trim() !== ''}>
        <Choice
          legend="What belongs to it"
          value={kind}
          onChange={setKind}
          options={(Object.keys(KINDS) as Kind[]).map((key) => [key, KINDS[key][0], KINDS[key][1]] as const)}
        />
        <TextField
          label={KINDS[kind][0]}
          required
          maxLength={200}
          className={kind === 'subject' ? '' : 'font-mono'}
          placeholder={KINDS[kind][2]}
          value={value}
          onChange={setValue}
        />
      </SubmitForm>
    </Dialog>
  )
}
