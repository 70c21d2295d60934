import type { SessionView } from '@parapet/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Monitor } from 'lucide-react'
import { useRef } from 'react'

import { account } from '../../app/account-api.js'
import { Failure, Loading } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { plural } from '../../lib/format.js'

const Row = ({ session, onEnd, busy }: { readonly session: SessionView; readonly onEnd: () => void; readonly busy: boolean }) => (
  <li className="flex flex-wrap items-baseline gap-x-4 gap-y-1 border-b border-line py-2">
    <span className="min-w-0 grow basis-52">
      <span className="font-medium">{session.device}</span>
      {session.current ? (
        <span className="ml-2 inline-flex items-baseline gap-1 font-medium text-accent">
          <Monitor size={14} aria-hidden className="self-center" />
          this one
        </span>
      ) : null}
      <span className="block text-[0.93rem] text-ink-2">
        <span className="font-mono">{session.address ?? 'address not known'}</span>, used <Ago at={session.seenAt} />, signed in{' '}
        <Ago at={session.createdAt} />
      </span>
    </span>
    {session.current ? null : (
      <button
        type="button"
        className="button"
        disabled={busy}
        aria-label={`Sign out ${session.device}, ${session.address ?? 'address not known'}`}
        onClick={onEnd}
      >
        Sign out
      </button>
    )}
  </li>
)

/** Where one is signed in; one or all others end with a press. */
export const Sessions = () => {
  const client = useQueryClient()
  const list = useRef<HTMLUListElement>(null)
  const query = useQuery({ queryKey: ['account', 'sessions'], queryFn: ({ signal }) => account.sessions(signal), refetchInterval: 60_000 })
  const settled = (): void => {
    void client.invalidateQueries({ queryKey: ['account'] })
    // the row of the button is gone
    list.current?.focus()
  }
  const end = useMutation({
    mutationFn: (session: SessionView) => account.endSession(session.id),
    onSuccess: (_, session) => toasts.add({ title: `Signed out: ${session.device}` }),
    onSettled: settled,
  })
  const others = useMutation({
    mutationFn: account.endOtherSessions,
    onSuccess: ({ ended }) => toasts.add({ title: ended === 0 ? 'There was no other session.' : `${plural(ended, 'session')} ended.` }),
    onSettled: settled,
  })
  const error = end.error ?? others.error ?? query.error
  const items = query.data?.items ?? []
  return (
    <>
      {error === null ? null : (
        <div className="mb-3">
          <Failure error={error} retry={() => void query.refetch()} compact />
        </div>
      )}
      {query.data === undefined && query.error === null ? <Loading what="your sessions" rows={2} /> : null}
      <ul ref={list} tabIndex={-1} aria-label="Sessions" className="outline-none">
        {items.map((session) => (
          <Row key={session.id} session={session} busy={end.isPending} onEnd={() => end.mutate(session)} />
        ))}
      </ul>
      {items.length > 1 ? (
        <button type="button" className="button mt-3" disabled={others.isPending} onClick={() => others.mutate()}>
          {others.isPending ? 'Signing out…' : 'Sign out all others'}
        </button>
      ) : null}
    </>
  )
}
