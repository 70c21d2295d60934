import type { DecisionScope } from '@parapet/core'
import { parseDuration } from '@parapet/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'

import { api } from '../app/api.js'
import { spanInWords } from '../lib/format.js'
import { flattenHostile } from '../lib/hostile.js'
import type { ApiError } from '../lib/problem.js'
import { asApiError, fieldOf } from '../lib/problem.js'
import { Dialog } from './dialog.js'
import { Failure } from './states.js'
import { toasts } from './toasts.js'

const DURATIONS = ['15m', '1h', '4h', '24h', '7d', '30d'] as const

const FieldError = ({ id, error }: { readonly id: string; readonly error: ApiError }) => (
  <p id={id} role="alert" className="mt-1 text-[0.93rem] text-critical">
    {error.message}
    {error.detail === undefined ? '' : `: ${error.detail}`}. <span className="text-ink-2">{error.fix}</span>{' '}
    <span className="font-mono text-[0.82rem] text-ink-3">{error.code}</span>
  </p>
)

/** Blocks an address or range for a while. What the server refuses is said beside the field, with its code and the way out. */
export const BlockDialog = ({ target: first = '', onClose }: { readonly target?: string; readonly onClose: () => void }) => {
  const client = useQueryClient()
  const id = useId()
  const [target, setTarget] = useState(first)
  const [scope, setScope] = useState<DecisionScope>('login')
  const [duration, setDuration] = useState('1h')
  const [reason, setReason] = useState('')
  const value = target.trim()
  const mutation = useMutation({
    mutationFn: () =>
      api.decide({
        target: { kind: value.includes('/') ? 'cidr' : 'ip', value },
        action: 'deny',
        scope,
        duration: duration.trim(),
        reason: reason.trim(),
      }),
    onSuccess: () => {
      toasts.add({ title: `Blocked: ${flattenHostile(value, 60)}` })
      for (const queryKey of [['decisions'], ['alert'], ['overview']]) void client.invalidateQueries({ queryKey })
      onClose()
    },
  })
  const error = mutation.error === null ? undefined : asApiError(mutation.error)
  const field = error === undefined ? undefined : fieldOf(error)
  const wrong = (name: string): { 'aria-invalid'?: true; 'aria-describedby'?: string } =>
    field === name ? { 'aria-invalid': true, 'aria-describedby': `${id}-${name}-error` } : {}
  const span = parseDuration(duration.trim())
  return (
    <Dialog open onClose={onClose} title="Block an address">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          mutation.mutate()
        }}
      >
        <div>
          <label htmlFor={`${id}-target`} className="font-medium">
            Address or range
          </label>
          <input
            id={`${id}-target`}
            className="field mt-1 font-mono"
            required
            maxLength={128}
            autoComplete="off"
            spellCheck={false}
            placeholder="203.0.113.7 or 2001:db8::/32"
            value={target}
            onChange={(event) => setTarget(event.target.value)}
            {...wrong('target')}
          />
          {error !== undefined && field === 'target' ? <FieldError id={`${id}-target-error`} error={error} /> : null}
        </div>
        <fieldset>
          <legend className="font-medium">From what</legend>
          <div className="mt-1 grid gap-1.5">
            {(
              [
                ['login', 'Signing in', 'reset and other credential paths too'],
                ['all', 'Everything', 'every request gets 403'],
              ] as const
            ).map(([key, name, hint]) => (
              <label key={key} className="flex items-baseline gap-2.5">
                <input type="radio" name={`${id}-scope`} checked={scope === key} onChange={() => setScope(key)} className="accent-accent" />
                <span>
                  {name} <span className="text-ink-2">– {hint}</span>
                </span>
              </label>
            ))}
          </div>
          {error !== undefined && field === 'scope' ? <FieldError id={`${id}-scope-error`} error={error} /> : null}
        </fieldset>
        <div>
          <label htmlFor={`${id}-duration`} className="font-medium">
            For how long
          </label>
          <div className="mt-1 flex flex-wrap gap-2">
            <input
              id={`${id}-duration`}
              className="field w-24! font-mono"
              required
              maxLength={16}
              autoComplete="off"
              spellCheck={false}
              value={duration}
              onChange={(event) => setDuration(event.target.value)}
              {...wrong('duration')}
            />
            {DURATIONS.map((preset) => (
              <button
                key={preset}
                type="button"
                className="button px-2!"
                data-kind="quiet"
                aria-pressed={duration === preset}
                onClick={() => setDuration(preset)}
              >
                {preset}
              </button>
            ))}
          </div>
          {error !== undefined && field === 'duration' ? <FieldError id={`${id}-duration-error`} error={error} /> : null}
        </div>
        <div>
          <label htmlFor={`${id}-reason`} className="font-medium">
            Reason
          </label>
          <input
            id={`${id}-reason`}
            className="field mt-1"
            required
            maxLength={300}
            autoComplete="off"
            placeholder="What the next person on call needs to know"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
            {...wrong('reason')}
          />
          {error !== undefined && field === 'reason' ? <FieldError id={`${id}-reason-error`} error={error} /> : null}
        </div>
        {error !== undefined && field === undefined ? <Failure error={error} compact /> : null}
        <p className="border-t border-line pt-3 text-ink-2" aria-live="polite">
          {value === '' || span === undefined ? (
            'It ends by itself, and one click undoes it.'
          ) : (
            <>
              <span className="font-mono text-[0.93rem] text-ink wrap-anywhere">{flattenHostile(value, 64)}</span>{' '}
              {scope === 'login' ? 'cannot sign in' : 'gets 403 for every request'} for {spanInWords(span)}. It ends by itself, and one
              click undoes it.
            </>
          )}
        </p>
        <div className="flex justify-end gap-2">
          <button type="button" className="button" data-kind="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={mutation.isPending}>
            {mutation.isPending ? 'Blocking…' : 'Block'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
