import type { TriageGroup, TriageVerdict } from '@parapet/core'
import { TRIAGE_VERDICTS } from '@parapet/core'
import { useState } from 'react'

import { Dialog } from '../../components/dialog.js'
import { Choice, TextField } from '../../components/field.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { useActs } from './use-acts.js'

const VERDICT: Readonly<Record<TriageVerdict, readonly [name: string, hint: string]>> = {
  true_positive: ['True positive', 'it was an attack or a misuse, and it is dealt with'],
  false_positive: ['False positive', 'the rule was wrong; it counts against its precision'],
  benign: ['Benign', 'the rule was right, and it was allowed: a test, a scan of ours'],
}

/** Closes groups with what they turned out to be. */
export const CloseDialog = ({
  groups,
  first = 'true_positive',
  onClose,
}: {
  readonly groups: readonly TriageGroup[]
  /** the verdict that is chosen when it opens */
  readonly first?: TriageVerdict
  readonly onClose: () => void
}) => {
  const [verdict, setVerdict] = useState<TriageVerdict>(first)
  const [note, setNote] = useState('')
  const { act } = useActs()
  const close = useSubmit(
    async () => {
      if (note.trim() !== '') await act(groups, { act: 'note', text: note.trim() })
      await act(groups, { act: 'close', verdict })
    },
    { onDone: onClose },
  )
  return (
    <Dialog open onClose={onClose} title={groups.length === 1 ? 'Close this group' : `Close ${groups.length} groups`}>
      <SubmitForm submit={close} onCancel={onClose} words={['Close', 'Closing…']}>
        <Choice
          legend="It turned out to be"
          options={TRIAGE_VERDICTS.map((key) => [key, VERDICT[key][0], VERDICT[key][1]] as const)}
          value={verdict}
          onChange={setVerdict}
        />
        <TextField
          label={
            <>
              Note <span className="font-normal text-ink-3">may stay empty</span>
            </>
          }
          maxLength={1_000}
          value={note}
          onChange={setNote}
        />
      </SubmitForm>
    </Dialog>
  )
}
