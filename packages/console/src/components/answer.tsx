import type { ReactNode } from 'react'

import { Failure, Loading } from './states.js'

/** What a query of TanStack Query is here. */
export type Asked<T> = { readonly data: T | undefined; readonly error: unknown; readonly refetch: () => unknown }

/** What the server answered, shown by `children`; before it grey lines, and trouble said over what is there already. */
export const Answer = <T,>({
  query,
  what,
  rows = 6,
  children,
}: {
  readonly query: Asked<T>
  /** for screen readers: `Loading …` */
  readonly what: string
  readonly rows?: number
  readonly children: (data: T) => ReactNode
}) => (
  <>
    {query.error === null ? null : (
      <div className="mb-6">
        <Failure error={query.error} retry={() => void query.refetch()} compact={query.data !== undefined} />
      </div>
    )}
    {query.data !== undefined ? children(query.data) : query.error === null ? <Loading what={what} rows={rows} /> : null}
  </>
)
