import type { Decision } from '@parapet/core'
import { isActive } from '@parapet/core'
import { Undo2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'

import { mayDecide } from '../../app/api.js'
import { useLive } from '../../app/live.js'
import { useOperator } from '../../app/session.js'
import { ReasonField } from '../../components/act-fields.js'
import { Dialog, DialogActions } from '../../components/dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { StateMark } from '../../components/state-mark.js'
import { Countdown } from '../../components/time.js'
import { UNDO_REASON, useUndo } from '../../components/undo.js'
import { freedBy } from '../../lib/enforcers.js'
import { actionInWords, authorInWords, count, plural } from '../../lib/format.js'

const SHORT = 12

const Line = ({ decision, self, now }: { readonly decision: Decision; readonly self: boolean; readonly now: number }) => (
  <li className="flex flex-wrap items-baseline justify-between gap-x-4 border-b border-line py-1.5">
    <span className="min-w-0 wrap-anywhere">
      {self ? (
        <HostileText text={decision.target.value} limit={64} expandable={false} className="font-mono text-[0.9rem] font-medium" />
      ) : (
        <Link href={`/decisions/${encodeURIComponent(decision.id)}`} className="hover:underline">
          <HostileText text={decision.target.value} limit={64} expandable={false} className="font-mono text-[0.9rem]" />
        </Link>
      )}{' '}
      <span className="text-[0.93rem] text-ink-2">{self ? 'this one' : actionInWords(decision).toLowerCase()}</span>
    </span>
    <span className="text-[0.93rem] text-ink-3">
      {decision.lifted !== undefined ? 'taken back' : isActive(decision, now) ? <Countdown until={decision.expiresAt} /> : 'ended'}
    </span>
  </li>
)

/** What goes when the whole batch is lifted, and what stays blocked by something else, before it is done. */
const UndoDialog = ({
  batch,
  now,
  onClose,
}: {
  readonly batch: readonly Decision[]
  readonly now: number
  readonly onClose: () => void
}) => {
  const active = useLive((live) => live.active)
  const { undo, busy } = useUndo()
  const [reason, setReason] = useState('')
  const freed = useMemo(() => freedBy(batch, active.values(), now), [batch, active, now])
  const kept = freed.filter(({ stays }) => stays.length > 0)
  return (
    <Dialog open wide onClose={onClose} title={`Undo all ${count(freed.length)}?`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          undo(
            freed.map(({ decision }) => decision),
            reason.trim() === '' ? UNDO_REASON : reason.trim(),
          )
          onClose()
        }}
      >
        <p className="text-ink-2">
          {plural(freed.length - kept.length, 'target')} {freed.length - kept.length === 1 ? 'is' : 'are'} free again at once, at every
          enforcer{kept.length === 0 ? '.' : `; ${count(kept.length)} ${kept.length === 1 ? 'stays' : 'stay'} blocked by something else.`}
        </p>
        <ul aria-label="What it frees" className="max-h-72 overflow-y-auto border-y border-line" tabIndex={-1}>
          {freed.map(({ decision, stays }) => (
            <li
              key={decision.id}
              className="grid gap-x-4 border-b border-line py-1.5 last:border-0 sm:grid-cols-[minmax(0,1fr)_minmax(0,1.4fr)]"
            >
              <HostileText text={decision.target.value} limit={64} className="font-mono text-[0.9rem] wrap-anywhere" />
              {stays[0] === undefined ? (
                <span>
                  <StateMark tone="good" word="Free again" />{' '}
                  <span className="text-[0.93rem] text-ink-3">was {actionInWords(decision).toLowerCase()}</span>
                </span>
              ) : (
                <span className="wrap-anywhere">
                  <StateMark tone="warn" word="Stays" />{' '}
                  <span className="text-[0.93rem] text-ink-2">
                    {actionInWords(stays[0]).toLowerCase()} by <HostileText text={authorInWords(stays[0].author)} limit={40} />
                  </span>
                </span>
              )}
            </li>
          ))}
        </ul>
        <ReasonField value={reason} onChange={setReason} placeholder={`left empty: ${UNDO_REASON}`} required={false} />
        <DialogActions onCancel={onClose} busy={busy} act={`Undo all ${count(freed.length)}`} doing="Undoing…" />
      </form>
    </Dialog>
  )
}

/** What was decided together, and the way to take all of it back at once. */
export const Batch = ({
  decision,
  batch,
  now,
}: {
  readonly decision: Decision
  readonly batch: readonly Decision[]
  readonly now: number
}) => {
  const operator = useOperator()
  const [all, setAll] = useState(false)
  const [undoing, setUndoing] = useState(false)
  const active = batch.filter((one) => isActive(one, now))
  if (batch.length < 2) return null
  return (
    <Section id="batch" title="Made together" aside={plural(batch.length, 'decision')}>
      <ul>
        {(all ? batch : batch.slice(0, SHORT)).map((one) => (
          <Line key={one.id} decision={one} self={one.id === decision.id} now={now} />
        ))}
      </ul>
      <div className="mt-3 flex flex-wrap gap-2">
        {active.length > 1 ? (
          <button
            type="button"
            className="button"
            disabled={!mayDecide(operator)}
            title={mayDecide(operator) ? undefined : 'Viewers read; an admin can undo this'}
            onClick={() => setUndoing(true)}
          >
            <Undo2 size={15} aria-hidden />
            Undo all {count(active.length)}…
          </button>
        ) : null}
        {!all && batch.length > SHORT ? (
          <button type="button" className="button" data-kind="quiet" onClick={() => setAll(true)}>
            All {count(batch.length)}
          </button>
        ) : null}
      </div>
      {undoing ? <UndoDialog batch={batch} now={now} onClose={() => setUndoing(false)} /> : null}
    </Section>
  )
}
