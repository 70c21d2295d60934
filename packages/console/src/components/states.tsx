/* oxlint-disable jsx-a11y/prefer-tag-over-role -- an output element may not hold blocks */
import type { ReactNode } from 'react'

import { asApiError, mayRetry } from '../lib/problem.js'

/** Grey lines where rows will be; says so to those who do not see them. */
export const Loading = ({ what, rows = 6 }: { readonly what: string; readonly rows?: number }) => (
  <div role="status" className="grid gap-5 py-4">
    <span className="sr-only">Loading {what}</span>
    {Array.from({ length: rows }, (_, row) => (
      <div key={row} className="grid grid-cols-[5rem_1fr] gap-4 sm:grid-cols-[5rem_1fr_8rem]">
        <div className="skeleton" />
        <div className="skeleton" />
        <div className="skeleton hidden sm:block" />
      </div>
    ))}
  </div>
)

/** What a page says when it has nothing to show, and what that means. */
export const Empty = ({ title, children }: { readonly title: string; readonly children?: ReactNode }) => (
  <div className="border-l-2 border-line py-1 pl-4">
    <p className="text-lg font-medium">{title}</p>
    {children === undefined ? null : <div className="mt-1 max-w-[60ch] text-ink-2">{children}</div>}
  </div>
)

/** An error with its code, what it is about and what to do next. */
export const Failure = ({
  error,
  retry,
  compact = false,
}: {
  readonly error: unknown
  readonly retry?: () => void
  readonly compact?: boolean
}) => {
  const problem = asApiError(error)
  return (
    <div role="alert" className="border-l-2 border-critical py-1 pl-4">
      <p className={compact ? 'font-medium' : 'text-lg font-medium'}>
        {problem.message}
        {problem.detail === undefined ? null : <span className="text-ink-2">: {problem.detail}</span>}
      </p>
      <p className="mt-0.5 max-w-[65ch] text-ink-2">
        {problem.fix}
        {problem.retryAfter === undefined ? null : ` Try again in ${problem.retryAfter} s.`}
      </p>
      <p className="mt-1 font-mono text-[0.8rem] text-ink-3">
        {problem.code}
        {problem.instance === undefined ? null : ` · ${problem.instance.replace('urn:uuid:', '')}`}
      </p>
      {retry === undefined || !mayRetry(problem) ? null : (
        <button type="button" className="button mt-3" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}
