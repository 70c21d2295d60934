import type { TriageDetail, TriageNote } from '@parapet/core'
import { useMutation } from '@tanstack/react-query'
import { useId, useState } from 'react'

import { mayTriage } from '../../app/api.js'
import { useOperator } from '../../app/session.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { useActs } from './use-acts.js'

const DID: Readonly<Record<TriageNote['act'], string>> = {
  acknowledge: 'took it up',
  reopen: 'opened it again',
  reopened: 'it opened again by itself',
  assign: 'assigned it',
  snooze: 'put it away',
  close: 'closed it',
  note: 'noted',
}

/** What was done and said about a group, newest first, and a place to say more. */
export const Notes = ({ detail: { group, notes } }: { readonly detail: TriageDetail }) => {
  const id = useId()
  const may = mayTriage(useOperator())
  const [text, setText] = useState('')
  const { act } = useActs()
  const add = useMutation({
    mutationFn: () => act([group], { act: 'note', text: text.trim() }),
    onSuccess: () => setText(''),
  })
  return (
    <Section id="notes" title="Notes">
      {may ? (
        <form
          className="grid gap-2 py-2"
          onSubmit={(event) => {
            event.preventDefault()
            if (text.trim() !== '') add.mutate()
          }}
        >
          <label htmlFor={`${id}-note`} className="sr-only">
            A note for the next person
          </label>
          <textarea
            id={`${id}-note`}
            data-note=""
            className="field min-h-16"
            maxLength={4_000}
            placeholder="What the next person needs to know"
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit()
            }}
          />
          {add.error === null ? null : <Failure error={add.error} compact />}
          <button type="submit" className="button w-fit" disabled={add.isPending || text.trim() === ''}>
            {add.isPending ? 'Adding…' : 'Add the note'}
          </button>
        </form>
      ) : null}
      {notes.length === 0 ? (
        <p className="py-1 text-ink-2">Nobody has done or said anything yet.</p>
      ) : (
        <ol aria-label="Notes, newest first">
          {notes.map((note) => (
            <li key={`${note.at} ${note.by.id} ${note.act}`} className="border-b border-line py-2 wrap-anywhere">
              <p className="text-[0.93rem] text-ink-2">
                <HostileText text={note.by.name} limit={40} className="font-medium text-ink" /> {DID[note.act]} · <Ago at={note.at} />
              </p>
              {note.text === '' ? null : (
                <p className="whitespace-pre-wrap">
                  <HostileText text={note.text} limit={600} lines />
                </p>
              )}
            </li>
          ))}
        </ol>
      )}
    </Section>
  )
}
