import { createContext, use } from 'react'

import type { Operator } from './api.js'

let listener: (() => void) | undefined

/** Called by the API client when the session is over. */
export const markSignedOut = (): void => listener?.()

/** Registers what happens when the session is over; one at a time. */
export const onSignedOut = (run: () => void): (() => void) => {
  listener = run
  return () => {
    if (listener === run) listener = undefined
  }
}

/** The signed-in operator, for everything below the shell. */
export const OperatorContext = createContext<Operator | undefined>(undefined)

/** The signed-in operator; only below the shell. */
export const useOperator = (): Operator => {
  const operator = use(OperatorContext)
  if (operator === undefined) throw new Error('no operator: this part belongs below the shell')
  return operator
}
