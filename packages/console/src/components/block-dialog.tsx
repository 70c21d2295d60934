import type { DecisionAction, DecisionRequest, DecisionScope } from '@parapet/core'
import { parseDuration, parseRange } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'

import { api } from '../app/api.js'
import { respond } from '../app/respond-api.js'
import { useLater } from '../app/use-later.js'
import { spanInWords } from '../lib/format.js'
import { flattenHostile } from '../lib/hostile.js'
import { blockPreviewInWords } from '../lib/policies.js'
import { fieldOf } from '../lib/field-problem.js'
import { DurationField, ReasonField } from './act-fields.js'
import { Dialog } from './dialog.js'
import { Choice, TextField } from './field.js'
import { HostileText } from './hostile-text.js'
import { SubmitForm, useSubmit } from './submit.js'
import { toasts } from './toasts.js'

type Act = Extract<DecisionAction, 'deny' | 'throttle' | 'challenge'>

const DURATIONS = ['15m', '1h', '4h', '24h', '7d', '30d'] as const
const ACTS: readonly (readonly [Act, string, string])[] = [
  ['deny', 'Block', 'refused with 403'],
  ['throttle', 'Slow down', 'ten requests a minute get through'],
  ['challenge', 'Challenge', 'a browser proves itself by work, a script rarely does'],
]
const DONE: Readonly<Record<Act, string>> = { deny: 'Blocked', throttle: 'Slowed down', challenge: 'Challenged' }

/** What happens to who comes from there, as the end of a sentence. */
const effect = (act: Act, scope: DecisionScope): string => {
  if (act === 'deny') return scope === 'login' ? 'cannot sign in' : 'gets 403 for every request'
  const where = scope === 'login' ? 'when signing in' : 'for every request'
  return act === 'throttle' ? `is slowed down ${where}` : `is challenged ${where}`
}

/** What the last seven days say about it, as soon as there is a target. It never holds a block up. */
const Preview = ({ request }: { readonly request: DecisionRequest }) => {
  const { value } = request.target
  const known = parseRange(value) !== undefined && parseDuration(request.duration) !== undefined
  const asked = useLater(JSON.stringify({ ...request, reason: 'preview' }))
  const preview = useQuery({
    queryKey: ['decision-preview', asked],
    queryFn: ({ signal }) => respond.previewDecision(JSON.parse(asked) as DecisionRequest, signal),
    enabled: known,
    retry: false,
  })
  if (!known) return <p className="text-ink-2">Before you do it, this says what the last seven days would have met with.</p>
  if (preview.error !== null) return <p className="text-ink-2">What it would have met with cannot be said: {preview.error.message}.</p>
  const seen = preview.data
  if (seen === undefined || seen.request.target.value !== value) return <p className="text-ink-2">Looking at the last seven days…</p>
  return (
    <>
      {seen.refused === null ? null : (
        <p className="mb-1 font-semibold text-critical">
          It would be refused: <HostileText text={seen.refused} limit={200} />
        </p>
      )}
      <p className={seen.signedIn > 0 ? 'flex gap-2 font-medium' : ''}>
        {seen.signedIn > 0 ? <TriangleAlert size={16} aria-hidden className="mt-0.5 shrink-0 text-medium" /> : null}
        {blockPreviewInWords(seen)}
      </p>
      {seen.examples.length === 0 ? null : (
        <ul className="mt-1 flex flex-wrap gap-x-4 text-[0.93rem] text-ink-2" aria-label="For example">
          {seen.examples.slice(0, 6).map((example) => (
            <li key={example} className="wrap-anywhere">
              <HostileText text={example} limit={80} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/**
 * Blocks, slows down or challenges an address or range for a while; what that would have met with is said first. What the server refuses
 * is said beside the field, with its code and the way out.
 */
export const BlockDialog = ({
  target: first = '',
  scope: firstScope = 'login',
  onClose,
}: {
  readonly target?: string
  readonly scope?: DecisionScope
  readonly onClose: () => void
}) => {
  const [target, setTarget] = useState(first)
  const [act, setAct] = useState<Act>('deny')
  const [scope, setScope] = useState<DecisionScope>(firstScope)
  const [duration, setDuration] = useState('1h')
  const [reason, setReason] = useState('')
  const value = target.trim()
  const request: DecisionRequest = {
    target: { kind: value.includes('/') ? 'cidr' : 'ip', value },
    action: act,
    scope,
    duration: duration.trim(),
    reason: reason.trim(),
  }
  const submit = useSubmit(() => api.decide(request), {
    refresh: [['decisions'], ['decision'], ['alert'], ['overview']],
    onDone: () => {
      toasts.add({ title: `${DONE[act]}: ${flattenHostile(value, 60)}` })
      onClose()
    },
  })
  const field = submit.error === undefined ? undefined : fieldOf(submit.error)
  const wrong = (name: typeof field) => (field === name ? submit.error : undefined)
  const span = parseDuration(duration.trim())
  return (
    <Dialog open onClose={onClose} title="Block an address">
      <SubmitForm
        submit={submit}
        onCancel={onClose}
        words={
          act === 'deny' ? ['Block', 'Blocking…'] : act === 'throttle' ? ['Slow down', 'Slowing down…'] : ['Challenge', 'Challenging…']
        }
        quiet={field !== undefined}
        foot={
          <p className="border-t border-line pt-3 text-ink-2" aria-live="polite">
            {parseRange(value) === undefined || span === undefined ? (
              'It ends by itself, and one click undoes it.'
            ) : (
              <>
                <span className="font-mono text-[0.93rem] text-ink wrap-anywhere">{flattenHostile(value, 64)}</span> {effect(act, scope)}{' '}
                for {spanInWords(span)}. It ends by itself, and one click undoes it.
              </>
            )}
          </p>
        }
      >
        <TextField
          label="Address or range"
          className="font-mono"
          required
          maxLength={128}
          spellCheck={false}
          placeholder="203.0.113.7 or 2001:db8::/32"
          value={target}
          onChange={setTarget}
          error={wrong('target')}
        />
        <Choice legend="What" options={ACTS} value={act} onChange={setAct} />
        <Choice
          legend="From what"
          options={[
            ['login', 'Signing in', 'reset and other credential paths too'],
            ['all', 'Everything', 'every request'],
          ]}
          value={scope}
          onChange={setScope}
          error={wrong('scope')}
        />
        <DurationField presets={DURATIONS} value={duration} onChange={setDuration} error={wrong('duration')} />
        <ReasonField value={reason} onChange={setReason} error={wrong('reason')} />
        <div className="rounded-md bg-sunken px-3.5 py-2.5" aria-live="polite" data-preview="">
          <Preview request={request} />
        </div>
      </SubmitForm>
    </Dialog>
  )
}
