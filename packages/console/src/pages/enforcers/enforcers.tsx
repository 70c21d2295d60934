import type { EnforcerView } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { respond } from '../../app/respond-api.js'
import { Answer } from '../../components/answer.js'
import { PageHead } from '../../components/page-title.js'
import { Empty } from '../../components/states.js'
import { enforcerKey, enforcersInWords, listEnforcers } from '../../lib/enforcers.js'
import { AddOne } from './add-one.js'
import { Enforcer } from './enforcer.js'

const ASK_MS = 5_000

const List = ({ enforcers }: { readonly enforcers: readonly EnforcerView[] }) => {
  const listed = useMemo(() => listEnforcers(enforcers), [enforcers])
  if (listed.length === 0) {
    return (
      <>
        <Empty title="Nothing carries decisions out yet">
          Decisions are made and kept, and nobody is refused until an enforcer reports here. Each of these is one:
        </Empty>
        <div className="mt-6">
          <AddOne />
        </div>
      </>
    )
  }
  return (
    <>
      <p className="mb-1 text-ink-2">{enforcersInWords(listed)}</p>
      <ul className="border-t border-edge" aria-label="Enforcers">
        {listed.map((enforcer) => (
          <Enforcer key={enforcerKey(enforcer)} enforcer={enforcer} />
        ))}
      </ul>
      <details className="mt-6">
        <summary className="w-fit font-medium text-ink-2 hover:text-ink">Add another</summary>
        <div className="mt-4">
          <AddOne />
        </div>
      </details>
    </>
  )
}

/** What carries decisions out: what each really holds, how late it is, what it had to put right, what it cannot do. */
export const Enforcers = () => {
  const query = useQuery({ queryKey: ['enforcers'], queryFn: ({ signal }) => respond.enforcers(signal), refetchInterval: ASK_MS })
  return (
    <>
      <PageHead title="Enforcers" />
      <Answer query={query} what="enforcers">
        {({ items }) => <List enforcers={items} />}
      </Answer>
    </>
  )
}
