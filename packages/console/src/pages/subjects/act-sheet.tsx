import type { SubjectAct, SubjectDetail } from '@parapet/core'
import { parseDuration } from '@parapet/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../../app/api.js'
import { respond } from '../../app/respond-api.js'
import { DurationField, ReasonField } from '../../components/act-fields.js'
import { Dialog } from '../../components/dialog.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import { UNDO_REASON } from '../../components/undo.js'
import { asDuration, spanInWords } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { asApiError } from '../../lib/problem.js'
import { ACTS, nameOf } from '../../lib/subjects.js'

const REFRESH = [['subject'], ['subjects'], ['decisions'], ['overview']]

type Flags = SubjectDetail['subject']['flags']

/** What takes an act back: lifts what it began, or puts back what a clear took away. Signing out cannot be taken back. */
const wayBack = (id: string, act: SubjectAct['act'], before: Flags, after: Flags): (() => Promise<unknown>) | undefined => {
  if (act === 'clear') {
    const again = before.flatMap(({ kind, until }) => (kind === 'deny' || until <= Date.now() ? [] : [{ kind, until }]))
    return again.length === 0
      ? undefined
      : () =>
          Promise.all(
            again.map(({ kind, until }) =>
              respond.actOnSubject(id, { act: kind, duration: asDuration(until - Date.now()), reason: 'put back in the console' }),
            ),
          )
  }
  const known = new Set(before.map(({ decisionId }) => decisionId))
  const made = after.filter((flag) => flag.kind === act && !known.has(flag.decisionId))
  return made.length === 0 ? undefined : () => Promise.all(made.map(({ decisionId }) => api.lift(decisionId, UNDO_REASON)))
}

/** Asks before something is done to a person: what will happen, for how long, why. */
export const ActSheet = ({
  act,
  detail: { subject },
  onClose,
}: {
  readonly act: SubjectAct['act']
  readonly detail: SubjectDetail
  readonly onClose: () => void
}) => {
  const words = ACTS[act]
  const client = useQueryClient()
  const [duration, setDuration] = useState(words.duration ?? '')
  const [reason, setReason] = useState('')
  const name = flattenHostile(nameOf(subject), 60)
  const timed = words.duration !== null
  const span = parseDuration(duration.trim())
  const submit = useSubmit(
    () => respond.actOnSubject(subject.id, { act, reason: reason.trim(), ...(timed ? { duration: duration.trim() } : {}) }),
    {
      refresh: REFRESH,
      onDone: (after) => {
        const back = wayBack(subject.id, act, subject.flags, after.flags)
        const id = toasts.add({
          title: `${words.done}: ${name}`,
          ...(back === undefined
            ? {}
            : {
                actionProps: {
                  children: 'Undo',
                  onClick: () => {
                    toasts.close(id)
                    back()
                      .then(
                        () => toasts.add({ title: `As it was: ${name}` }),
                        (error: unknown) =>
                          toasts.add({ title: `Not undone: ${asApiError(error).message} (${asApiError(error).code})`, priority: 'high' }),
                      )
                      .finally(() => {
                        for (const queryKey of REFRESH) void client.invalidateQueries({ queryKey })
                      })
                  },
                },
              }),
        })
        onClose()
      },
    },
  )
  return (
    <Dialog open onClose={onClose} title={words.title} description={name}>
      <SubmitForm submit={submit} onCancel={onClose} words={[words.button, words.doing]} kind={words.danger ? 'danger' : 'primary'}>
        <ul aria-label="What happens" aria-live="polite" className="grid list-disc gap-1 border-l-3 border-line pl-8 marker:text-ink-3">
          {words.happens(span === undefined ? 'that time' : spanInWords(span)).map((sentence) => (
            <li key={sentence.slice(0, 24)}>{sentence}</li>
          ))}
        </ul>
        {timed ? <DurationField value={duration} onChange={setDuration} /> : null}
        <ReasonField value={reason} onChange={setReason} />
      </SubmitForm>
    </Dialog>
  )
}
