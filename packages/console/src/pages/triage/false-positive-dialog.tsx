import type { TriageDetail, TriageGroup } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'

import { detect } from '../../app/detect-api.js'
import { useLater } from '../../app/use-later.js'
import { ReasonField } from '../../components/act-fields.js'
import { Dialog } from '../../components/dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Failure, Loading } from '../../components/states.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import type { DraftField } from '../../lib/exception-draft.js'
import { draftFields, matchOf, previewInWords } from '../../lib/exception-draft.js'
import { flattenHostile } from '../../lib/hostile.js'
import { PreviewResult } from './exception-preview.js'
import { useActs } from './use-acts.js'

const DAY = 86_400_000
const HISTORY = 7 * DAY
const DAYS = [1, 7, 30, 90, 365] as const
const SHORT = 6

type Cell = { readonly field: string; readonly value: string }

const FieldRow = ({ draft, onChange }: { readonly draft: DraftField; readonly onChange: (draft: DraftField) => void }) => {
  const id = useId()
  // what a field cannot show as it is can be used, and not edited
  const safe = flattenHostile(draft.value, 600)
  return (
    <li className="grid gap-1 border-b border-line py-1.5">
      <label htmlFor={`${id}-on`} className="flex min-w-0 items-baseline gap-2.5">
        <input
          id={`${id}-on`}
          type="checkbox"
          className="accent-accent"
          checked={draft.chosen}
          onChange={(event) => onChange({ ...draft, chosen: event.target.checked })}
        />
        <span className="min-w-0 wrap-anywhere">
          <span className="font-medium">{draft.field}</span>{' '}
          {draft.chosen ? null : (
            <HostileText text={draft.value} limit={60} expandable={false} className="font-mono text-[0.9rem] text-ink-2" />
          )}
          {draft.share === undefined ? null : (
            <span className="ml-2 text-[0.87rem] whitespace-nowrap text-ink-3">{Math.round(draft.share * 100)} % of its events</span>
          )}
        </span>
      </label>
      {draft.chosen ? (
        <input
          className="field ml-6 w-[calc(100%-1.5rem)]! font-mono"
          aria-label={`Value of ${draft.field}`}
          maxLength={512}
          spellCheck={false}
          autoComplete="off"
          value={safe}
          readOnly={safe !== draft.value}
          onChange={(event) => onChange({ ...draft, value: event.target.value })}
        />
      ) : null}
    </li>
  )
}

const Fields = ({
  fields,
  onChange,
}: {
  readonly fields: readonly DraftField[]
  readonly onChange: (fields: readonly DraftField[]) => void
}) => {
  const [all, setAll] = useState(false)
  // those that are chosen at first stand first; nothing moves when somebody ticks one
  const [order] = useState(() => fields.toSorted((a, b) => Number(b.chosen) - Number(a.chosen)).map(({ field }) => field))
  const shown = order.flatMap((name) => fields.find(({ field }) => field === name) ?? [])
  return (
    <fieldset>
      <legend className="font-medium">Leave out events where all of this holds</legend>
      <ul className="mt-1 border-t border-line">
        {(all ? shown : shown.slice(0, SHORT)).map((draft) => (
          <FieldRow
            key={draft.field}
            draft={draft}
            onChange={(next) => onChange(fields.map((known) => (known.field === next.field ? next : known)))}
          />
        ))}
      </ul>
      {!all && shown.length > SHORT ? (
        <button type="button" className="link mt-1.5" onClick={() => setAll(true)}>
          {shown.length - SHORT} more fields of the event
        </button>
      ) : null}
      <p className="mt-1.5 text-[0.93rem] text-ink-2">
        <span className="font-mono">*</span> stands for any text; an address may be a range such as{' '}
        <span className="font-mono text-[0.9rem]">192.0.2.0/24</span>.
      </p>
    </fieldset>
  )
}

const Form = ({
  detail,
  cell,
  onClose,
}: {
  readonly detail: TriageDetail
  readonly cell: Cell | undefined
  readonly onClose: () => void
}) => {
  const { act } = useActs()
  const { group, events } = detail
  const [fields, setFields] = useState(() => draftFields(group, events, detail.topValues, cell))
  const [days, setDays] = useState(30)
  const [reason, setReason] = useState('')
  const [alsoClose, setAlsoClose] = useState(true)
  const [sure, setSure] = useState(false)
  const [since] = useState(() => Date.now() - HISTORY)
  const match = JSON.stringify(matchOf(fields, events))
  const asked = useLater(match)
  const preview = useQuery({
    queryKey: ['exception-preview', group.rule.id, asked],
    queryFn: ({ signal }) => detect.preview({ ruleId: group.rule.id, match: JSON.parse(asked) as Record<string, string>, since }, signal),
    enabled: asked !== '{}',
    retry: false,
  })
  const seen = asked === match && preview.data !== undefined ? preview.data : undefined
  const save = useSubmit(
    async () => {
      await detect.except({
        ruleId: group.rule.id,
        match: JSON.parse(match) as Record<string, string>,
        until: Date.now() + days * DAY,
        reason: reason.trim(),
      })
      if (alsoClose) await act([group], { act: 'close', verdict: 'false_positive' })
    },
    {
      refresh: [['triage-group'], ['triage'], ['rules'], ['rule']],
      onDone: () => {
        if (!alsoClose) toasts.add({ title: `Excepted from ${flattenHostile(group.rule.title, 60)}` })
        onClose()
      },
    },
  )
  const ready = seen !== undefined && (sure || previewInWords(seen, since + HISTORY).weight !== 'everything')
  return (
    <SubmitForm submit={save} onCancel={onClose} words={['Save the exception', 'Saving…']} ready={ready}>
      {fields.length === 0 ? (
        <p className="text-ink-2">
          The events of this group are gone: there is nothing to make an exception of. Close it as a false positive.
        </p>
      ) : (
        <Fields
          fields={fields}
          onChange={(next) => {
            setSure(false)
            setFields(next)
          }}
        />
      )}
      <div aria-live="polite">
        {match === '{}' ? (
          <p className="text-ink-2">Choose at least one field to see what it would have silenced.</p>
        ) : preview.error !== null && asked === match ? (
          <Failure error={preview.error} retry={() => void preview.refetch()} compact />
        ) : seen === undefined ? (
          <p className="text-ink-2">Looking at the last 7 days…</p>
        ) : (
          <PreviewResult preview={seen} sure={sure} onSure={setSure} />
        )}
      </div>
      <div className="grid gap-4 sm:grid-cols-[10rem_1fr]">
        <label className="block">
          <span className="font-medium">Ends after</span>
          <select className="field mt-1" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {DAYS.map((choice) => (
              <option key={choice} value={choice}>
                {choice === 1 ? '1 day' : `${choice} days`}
              </option>
            ))}
          </select>
        </label>
        <ReasonField placeholder="Why this is harmless" value={reason} onChange={setReason} />
      </div>
      <label className="flex items-baseline gap-2.5">
        <input type="checkbox" className="accent-accent" checked={alsoClose} onChange={(event) => setAlsoClose(event.target.checked)} />
        Close this group as a false positive
      </label>
    </SubmitForm>
  )
}

/** Makes an exception of chosen fields of an event; what it would have silenced is shown before it can be saved. */
export const FalsePositiveDialog = ({
  group,
  cell,
  onClose,
}: {
  readonly group: TriageGroup
  readonly cell?: Cell
  readonly onClose: () => void
}) => {
  const query = useQuery({ queryKey: ['triage-group', group.key], queryFn: ({ signal }) => detect.group(group.key, signal) })
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="False positive"
      description={
        <>
          An exception for <HostileText text={group.rule.title} limit={120} expandable={false} className="font-medium text-ink" />. Nothing
          is excepted for ever.
        </>
      }
    >
      {query.data !== undefined ? (
        <Form detail={query.data} cell={cell} onClose={onClose} />
      ) : query.error === null ? (
        <Loading what="its events" rows={4} />
      ) : (
        <Failure error={query.error} retry={() => void query.refetch()} compact />
      )}
    </Dialog>
  )
}
