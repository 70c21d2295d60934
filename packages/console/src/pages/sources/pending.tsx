import type { EnrolmentView } from '@parapet/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'

import { detect } from '../../app/detect-api.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { Ago, Countdown } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { flattenHostile } from '../../lib/hostile.js'

/** Tokens that wait for their agent; each can be taken back. */
export const Pending = () => {
  const client = useQueryClient()
  const [revoking, setRevoking] = useState<EnrolmentView>()
  const query = useQuery({ queryKey: ['enrolments'], queryFn: ({ signal }) => detect.enrolments(signal), refetchInterval: 15_000 })
  const items = query.data?.items ?? []
  if (query.error !== null) return <Failure error={query.error} retry={() => void query.refetch()} compact />
  if (items.length === 0) return null
  return (
    <Section id="pending" title="Waiting for their agent" aside={items.length}>
      <ul>
        {items.map((item) => (
          <li key={item.id} className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1.5 border-b border-line py-2">
            <span className="min-w-0 wrap-anywhere">
              <HostileText text={item.name} limit={80} className="font-medium" />{' '}
              <span className="text-[0.93rem] text-ink-2">
                asked for by <HostileText text={item.by.name} limit={40} /> <Ago at={item.createdAt} />, good for{' '}
                <Countdown until={item.expiresAt} />
              </span>
            </span>
            <button
              type="button"
              className="button"
              aria-label={`Take back the token of ${flattenHostile(item.name, 60)}`}
              onClick={() => setRevoking(item)}
            >
              Take back
            </button>
          </li>
        ))}
      </ul>
      {revoking === undefined ? null : (
        <ConfirmDialog
          title="Take this token back?"
          words={['Take back', 'Taking back…']}
          act={async () => {
            await detect.revokeEnrolment(revoking.id)
            toasts.add({ title: `No agent comes in as ${flattenHostile(revoking.name, 60)}` })
            void client.invalidateQueries({ queryKey: ['enrolments'] })
          }}
          onClose={() => setRevoking(undefined)}
        >
          <p>No agent can come in with it any more. One that has come in already is not touched.</p>
        </ConfirmDialog>
      )}
    </Section>
  )
}
