import type { TriageGroup } from '@parapet/core'
import { useId, useState } from 'react'

import { Dialog } from '../../components/dialog.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { bothTimes, plural } from '../../lib/format.js'
import { LEVEL_WORD } from '../../lib/levels.js'
import { snoozeChoices } from '../../lib/triage.js'
import { useActs } from './use-acts.js'

/** Puts groups away until a time, or until they get worse. */
export const SnoozeDialog = ({ groups, onClose }: { readonly groups: readonly TriageGroup[]; readonly onClose: () => void }) => {
  const id = useId()
  const [choices] = useState(() => snoozeChoices(Date.now()))
  const [chosen, setChosen] = useState(3)
  const { act } = useActs()
  const snooze = useSubmit(() => act(groups, { act: 'snooze', until: choices[chosen]?.until ?? Date.now() }), { onDone: onClose })
  const [first] = groups
  return (
    <Dialog open onClose={onClose} title={groups.length === 1 ? 'Snooze until worse' : `Snooze ${groups.length} groups until worse`}>
      <SubmitForm submit={snooze} onCancel={onClose} words={['Snooze', 'Putting away…']}>
        <fieldset>
          <legend className="font-medium">At most for</legend>
          <div className="mt-1 grid gap-1.5 sm:grid-cols-2">
            {choices.map((choice, index) => (
              <label key={choice.name} className="flex items-baseline gap-2.5" title={bothTimes(choice.until)}>
                <input
                  type="radio"
                  name={`${id}-until`}
                  checked={chosen === index}
                  onChange={() => setChosen(index)}
                  className="accent-accent"
                />
                {choice.name}
              </label>
            ))}
          </div>
        </fieldset>
        <p className="border-t border-line pt-3 text-ink-2">
          {groups.length === 1 && first !== undefined
            ? `It opens again by itself as soon as it is worse than ${LEVEL_WORD[first.level].toLowerCase()}, or has ${plural(first.events * 2, 'event')}, twice the ${plural(first.events, 'event')} of now.`
            : 'Each opens again by itself as soon as its level rises, or it has twice the events of now.'}
        </p>
      </SubmitForm>
    </Dialog>
  )
}
