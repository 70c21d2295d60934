import type { Decision } from '@parapet/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import { useEffect, useRef } from 'react'

import { api, mayDecide } from '../app/api.js'
import { useOperator } from '../app/session.js'
import { asDuration, plural } from '../lib/format.js'
import { flattenHostile } from '../lib/hostile.js'
import { asApiError } from '../lib/problem.js'
import { toasts } from './toasts.js'

/** The reason recorded when nobody types one. */
export const UNDO_REASON = 'undone in the console'

const restore = (decision: Decision): Promise<unknown> =>
  api.decide({
    target: decision.target,
    action: decision.action,
    scope: decision.scope,
    duration: asDuration(decision.expiresAt - Date.now()),
    reason: `restored after an undo: ${decision.reason}`.slice(0, 500),
  })

/** More than these are not put back by one click: each is a request of its own. */
const MOST_BACK = 50

/** Lifts decisions at once; a toast offers to put them back for the time that was left. */
export const useUndo = (): {
  readonly undo: (decisions: readonly Decision[], reason?: string) => void
  readonly busy: boolean
} => {
  const client = useQueryClient()
  const refresh = (): void => {
    for (const queryKey of [['decisions'], ['decision'], ['alert'], ['overview'], ['subject'], ['subjects'], ['incident']])
      void client.invalidateQueries({ queryKey })
  }
  const mutation = useMutation({
    mutationFn: async ({ decisions, reason }: { readonly decisions: readonly Decision[]; readonly reason: string }) => {
      const [first] = decisions
      if (first === undefined) return
      if (decisions.length > 1 && decisions.every((decision) => decision.batch === first.batch)) await api.liftBatch(first.batch, reason)
      else await Promise.all(decisions.map((decision) => api.lift(decision.id, reason)))
    },
    onSuccess: (_, { decisions }) => {
      const [first] = decisions
      const what =
        decisions.length === 1 && first !== undefined ? flattenHostile(first.target.value, 60) : plural(decisions.length, 'decision')
      const again = decisions.filter((decision) => decision.mode === 'enforce' && decision.expiresAt > Date.now())
      const id = toasts.add({
        title: `Undone: ${what}`,
        ...(again.length === 0 || again.length > MOST_BACK
          ? {}
          : {
              actionProps: {
                children: 'Put back',
                onClick: () => {
                  toasts.close(id)
                  Promise.all(again.map(restore))
                    .then(
                      () => toasts.add({ title: `In force again: ${what}` }),
                      (error: unknown) =>
                        toasts.add({
                          title: `Not put back: ${asApiError(error).message} (${asApiError(error).code})`,
                          priority: 'high',
                        }),
                    )
                    .finally(refresh)
                },
              },
            }),
      })
    },
    onError: (error) => {
      const problem = asApiError(error)
      toasts.add({ title: `Not undone: ${problem.message}. ${problem.fix} (${problem.code})`, priority: 'high', timeout: 20_000 })
    },
    onSettled: refresh,
  })
  return { undo: (decisions, reason = UNDO_REASON) => mutation.mutate({ decisions, reason }), busy: mutation.isPending }
}

/** Where the focus goes when the row of a button is gone: the keyboard must not start again at the top of the page. */
const useFocusAfter = (): ((button: HTMLElement) => void) => {
  const next = useRef<readonly (HTMLElement | null)[]>([])
  useEffect(
    () => () => {
      const places = next.current
      queueMicrotask(() => {
        if (document.activeElement === null || document.activeElement === document.body)
          places.find((place) => place?.isConnected === true)?.focus()
      })
    },
    [],
  )
  return (button) => {
    const row = button.closest<HTMLElement>('[data-row]')
    const beside = [row?.nextElementSibling, row?.previousElementSibling, document.querySelector('main')]
    next.current = beside.map((place) => (place instanceof HTMLElement ? place : null))
  }
}

/** One click takes a decision back. Viewers see why they cannot; a lockdown ends by its banner. */
export const UndoButton = ({ decisions, label = 'Undo' }: { readonly decisions: readonly Decision[]; readonly label?: string }) => {
  const { undo, busy } = useUndo()
  const operator = useOperator()
  const focusAfter = useFocusAfter()
  const [first] = decisions
  if (first === undefined || first.action === 'lockdown') return null
  const viewer = !mayDecide(operator)
  return (
    <button
      type="button"
      className="button"
      data-undo=""
      disabled={busy || viewer}
      title={viewer ? 'Viewers read; an admin can undo this' : undefined}
      aria-label={decisions.length === 1 ? `Undo: ${flattenHostile(first.target.value, 60)}` : label}
      onClick={(event) => {
        focusAfter(event.currentTarget)
        undo(decisions)
      }}
    >
      <Undo2 size={15} aria-hidden />
      {label}
    </button>
  )
}
