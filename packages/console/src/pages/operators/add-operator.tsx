import { useState } from 'react'

import { account } from '../../app/account-api.js'
import { Dialog } from '../../components/dialog.js'
import { Choice, TextField } from '../../components/field.js'
import { NewPassword } from '../../components/new-password.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { ROLE_WORDS } from './role-words.js'

/** Adds a person with a role and a first password. */
export const AddOperator = ({ onDone, onClose }: { readonly onDone: (name: string) => void; readonly onClose: () => void }) => {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<keyof typeof ROLE_WORDS>('viewer')
  const add = useSubmit(() => account.addOperator(name.trim(), password, role), {
    onDone: () => {
      onDone(name.trim())
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title="Add an operator">
      <SubmitForm
        submit={add}
        onCancel={onClose}
        words={['Add', 'Adding…']}
        foot={
          <p className="border-t border-line pt-3 text-ink-2">Hand the password over in person. They change it on their account page.</p>
        }
      >
        <TextField label="Name" required maxLength={80} spellCheck={false} value={name} onChange={setName} />
        <Choice
          legend="Role"
          options={(['viewer', 'admin'] as const).map((key) => [key, ROLE_WORDS[key].name, ROLE_WORDS[key].means] as const)}
          value={role}
          onChange={setRole}
        />
        <NewPassword label="First password" value={password} onChange={setPassword} />
      </SubmitForm>
    </Dialog>
  )
}
