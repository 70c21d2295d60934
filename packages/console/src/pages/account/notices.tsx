import { useQuery } from '@tanstack/react-query'

import { account } from '../../app/account-api.js'
import { HostileText } from '../../components/hostile-text.js'
import { NoticeMark } from '../../components/notice-mark.js'
import { Empty, Failure, Loading } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { noticeWords } from '../../lib/notice-words.js'

/** What happened to one's own account. */
export const Notices = () => {
  const query = useQuery({ queryKey: ['account', 'notices'], queryFn: ({ signal }) => account.notices(signal), refetchInterval: 60_000 })
  if (query.data === undefined)
    return query.error === null ? (
      <Loading what="notices" rows={2} />
    ) : (
      <Failure error={query.error} retry={() => void query.refetch()} compact />
    )
  if (query.data.items.length === 0)
    return <Empty title="Nothing has happened">New devices, pauses of the sign-in and changes of this account appear here.</Empty>
  return (
    <>
      <p className="mb-1 text-ink-2">Was one of these not you? Change your password, then sign out all others.</p>
      <ul>
        {query.data.items.map((notice) => {
          const { title, weight, hint } = noticeWords(notice)
          return (
            <li key={notice.id} className="grid grid-cols-[auto_1fr] gap-x-3 border-b border-line py-2">
              <NoticeMark weight={weight} />
              <div className="min-w-0">
                <p className="flex flex-wrap justify-between gap-x-4">
                  <HostileText text={title} limit={140} className="font-medium" />
                  <span className="text-ink-2">
                    <Ago at={notice.at} />
                  </span>
                </p>
                <p className="text-[0.93rem] text-ink-2">
                  {notice.by === null ? null : (
                    <>
                      by <HostileText text={notice.by} limit={80} />.{' '}
                    </>
                  )}
                  {notice.device === null ? null : `${notice.device}. `}
                  {notice.address === null ? null : <span className="font-mono">{notice.address}. </span>}
                  {hint}
                </p>
              </div>
            </li>
          )
        })}
      </ul>
    </>
  )
}
