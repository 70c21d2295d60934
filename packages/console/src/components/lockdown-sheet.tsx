import type { LockdownMode, LockdownPreflight, LockdownView } from '@parapet/core'
import { parseDuration } from '@parapet/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, Lock, TriangleAlert } from 'lucide-react'
import { useState } from 'react'

import { respond } from '../app/respond-api.js'
import { focusSoon } from '../app/row-focus.js'
import { useLater } from '../app/use-later.js'
import { plural, spanInWords } from '../lib/format.js'
import { lastHourInWords, LOCKDOWN_CHOICES } from '../lib/lockdown.js'
import { Dialog } from './dialog.js'
import { DurationField, ReasonField } from './act-fields.js'
import { Choice } from './field.js'
import { HostileText } from './hostile-text.js'
import { Failure } from './states.js'
import { SubmitForm, useSubmit } from './submit.js'

const PRESETS = ['15m', '30m', '1h', '4h'] as const
const SHORT = 5

const Allowed = ({ allowed }: { readonly allowed: LockdownPreflight['allowed'] }) => {
  const [all, setAll] = useState(false)
  if (allowed.length === 0) return <p className="text-ink-2">Nobody is on the allow-list: only those who run it.</p>
  return (
    <>
      <ul className="mt-1 grid gap-0.5">
        {(all ? allowed : allowed.slice(0, SHORT)).map(({ range, why }) => (
          <li key={`${range} ${why}`} className="flex flex-wrap gap-x-3">
            <HostileText text={range} limit={64} className="font-mono text-[0.93em] font-medium" />
            <span className="text-ink-2">
              <HostileText text={why} limit={120} />
            </span>
          </li>
        ))}
      </ul>
      {!all && allowed.length > SHORT ? (
        <button type="button" className="link mt-1" onClick={() => setAll(true)}>
          {plural(allowed.length - SHORT, 'more range')}
        </button>
      ) : null}
    </>
  )
}

const Preflight = ({ preflight }: { readonly preflight: LockdownPreflight }) => (
  <div className="grid gap-3">
    {preflight.problems.length === 0 ? (
      <p className="flex gap-2 font-medium text-accent">
        <CircleCheck size={17} aria-hidden className="mt-0.5 shrink-0" />
        Nothing stands against it.
      </p>
    ) : (
      <div className="alarm" data-problems="">
        <p className="flex gap-2 font-semibold text-critical">
          <TriangleAlert size={17} aria-hidden className="mt-0.5 shrink-0" />
          It is refused as it is:
        </p>
        <ul className="mt-1 grid gap-1">
          {preflight.problems.map((problem) => (
            <li key={problem}>
              <HostileText text={problem} limit={300} />
            </li>
          ))}
        </ul>
      </div>
    )}
    {preflight.warnings.length === 0 ? null : (
      <ul className="grid gap-1 border-l-3 border-medium pl-3">
        {preflight.warnings.map((warning) => (
          <li key={warning}>
            <span className="font-semibold text-medium">Mind: </span>
            <HostileText text={warning} limit={300} />
          </li>
        ))}
      </ul>
    )}
    <div>
      <h3 className="font-medium">In the last hour</h3>
      <p>{lastHourInWords(preflight)}</p>
    </div>
    <div>
      <h3 className="font-medium">Who gets in all the same</h3>
      <Allowed allowed={preflight.allowed} />
    </div>
  </div>
)

/** Begins a lockdown: how far, for how long and why; before it can be begun, what it would do and who still gets in. */
export const LockdownSheet = ({
  incidentId,
  reason: first = '',
  onClose,
}: {
  readonly incidentId?: string
  readonly reason?: string
  readonly onClose: () => void
}) => {
  const client = useQueryClient()
  const [mode, setMode] = useState<LockdownMode>('known_users')
  const [duration, setDuration] = useState('15m')
  const [reason, setReason] = useState(first)
  const wanted = duration.trim()
  const asked = useLater(wanted)
  const preflight = useQuery({
    queryKey: ['lockdown-preflight', mode, asked],
    queryFn: ({ signal }) => respond.preflight({ mode, duration: asked }, signal),
    enabled: parseDuration(asked) !== undefined,
    retry: false,
    // who gets in may change at any moment
    staleTime: 0,
    gcTime: 0,
  })
  const seen = asked === wanted ? preflight.data : undefined
  const submit = useSubmit(
    () => respond.startLockdown({ mode, duration: wanted, reason: reason.trim(), ...(incidentId === undefined ? {} : { incidentId }) }),
    {
      refresh: [['decisions'], ['overview'], ['incident'], ['enforcers']],
      onDone: (current) => {
        client.setQueryData<LockdownView>(['lockdown'], (view) => ({ current, latest: view?.latest ?? [] }))
        onClose()
        // the keyboard goes on where the next step is
        focusSoon('[data-confirm]')
      },
    },
  )
  const span = parseDuration(wanted)
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Lock down"
      description="For an emergency: it turns people away who did nothing. One address or one user is better blocked or suspended alone."
    >
      <SubmitForm
        submit={submit}
        onCancel={onClose}
        words={['Lock down now', 'Locking down…']}
        kind="danger"
        ready={seen?.ok === true}
        foot={
          <p className="flex gap-3 border-t border-line pt-3">
            <Lock size={17} aria-hidden className="mt-0.5 shrink-0 text-critical" />
            <span>
              <strong>It ends by itself within two minutes</strong> unless somebody confirms that the right people still get in. Each
              confirmation then holds for {span === undefined ? 'the time above' : spanInWords(span)}; when nobody confirms again,
              everything is open again, also when this server is dead.
            </span>
          </p>
        }
      >
        <Choice legend="How far" options={LOCKDOWN_CHOICES} value={mode} onChange={setMode} />
        <DurationField label="A confirmation holds for" presets={PRESETS} value={duration} onChange={setDuration} />
        <ReasonField value={reason} onChange={setReason} placeholder="What happened; everybody who is told reads it" />
        <div className="rounded-md bg-sunken p-3.5" aria-live="polite" data-preflight="">
          {preflight.error !== null && asked === wanted ? (
            <Failure error={preflight.error} retry={() => void preflight.refetch()} compact />
          ) : seen !== undefined ? (
            <Preflight preflight={seen} />
          ) : span === undefined ? (
            <p className="text-ink-2">Write a time such as 15m or 1h.</p>
          ) : (
            <p className="text-ink-2">Looking at who would still get in…</p>
          )}
        </div>
      </SubmitForm>
    </Dialog>
  )
}
