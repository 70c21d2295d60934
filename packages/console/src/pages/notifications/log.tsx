import type { NotificationView } from '@parapet/core'
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Check } from 'lucide-react'
import { useMemo } from 'react'
import { Link, useLocation } from 'wouter'

import { mayChangeNotifications, respond } from '../../app/respond-api.js'
import { keepRowFocus } from '../../app/row-focus.js'
import { useOperator } from '../../app/session.js'
import { focusedRow, usePageCommands } from '../../app/shortcuts.js'
import { Answer } from '../../components/answer.js'
import { More } from '../../components/data-table.js'
import { Select } from '../../components/field.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { StateMark } from '../../components/state-mark.js'
import { Empty } from '../../components/states.js'
import { Ago, Moment } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { readState, STATE_WORD, STATES, wantsAcknowledging } from '../../lib/channels.js'
import { count, plural } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { asApiError } from '../../lib/problem.js'
import { safePath } from '../../lib/safe-path.js'

const TONE = { waiting: 'wait', quiet: 'wait', sent: 'good', failed: 'bad', acknowledged: 'good', no_route: 'warn' } as const
const RECEIPT = { waiting: 'wait', sent: 'good', failed: 'bad' } as const
const RECEIPT_WORD = { waiting: 'waiting', sent: 'sent', failed: 'failed' } as const

const Receipts = ({ notification }: { readonly notification: NotificationView }) =>
  notification.receipts.length === 0 ? null : (
    <ul aria-label="Receipts" className="mt-1.5 grid gap-0.5 text-[0.93rem]">
      {notification.receipts.map((receipt) => (
        <li key={`${receipt.channel.id} ${receipt.at ?? ''}`} className="grid grid-cols-[5.2rem_minmax(0,1fr)] items-baseline gap-x-2">
          <StateMark tone={RECEIPT[receipt.state]} word={RECEIPT_WORD[receipt.state]} />
          <span className="flex min-w-0 flex-wrap items-baseline gap-x-3 wrap-anywhere">
            <HostileText text={receipt.channel.name} limit={60} />
            {receipt.at === null ? null : (
              <span className="text-ink-3">
                <Moment at={receipt.at} />
              </span>
            )}
            {receipt.attempts > 1 ? <span className="whitespace-nowrap text-ink-3">{receipt.attempts} tries</span> : null}
            {receipt.detail === null ? null : (
              <HostileText
                text={receipt.detail}
                limit={160}
                className={`min-w-0 ${receipt.state === 'sent' ? 'font-mono text-[0.9em] text-ink-3' : 'text-ink-2'}`}
              />
            )}
          </span>
        </li>
      ))}
    </ul>
  )

const Told = ({
  notification,
  busy,
  onAcknowledge,
}: {
  readonly notification: NotificationView
  readonly busy: boolean
  /** missing for who may not */
  readonly onAcknowledge: (() => void) | undefined
}) => {
  const { acknowledged, state } = notification
  const href = notification.href === null ? '' : safePath(notification.href, '')
  return (
    <li data-row={notification.id} tabIndex={-1} className="border-b border-line py-3">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1 text-[0.93rem] text-ink-2">
        <LevelMark level={notification.level} />
        <StateMark tone={TONE[state]} word={STATE_WORD[state]} />
        <Ago at={notification.at} />
        {notification.count > 1 ? <span>{count(notification.count)} like it in one</span> : null}
        {notification.escalations > 0 ? (
          <span className="font-medium text-high">Escalated {plural(notification.escalations, 'time')}</span>
        ) : null}
        {acknowledged === null ? null : (
          <span>
            Seen by <HostileText text={acknowledged.by} limit={60} /> <Ago at={acknowledged.at} />
          </span>
        )}
      </div>
      <div className="mt-1 flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="min-w-0 max-w-[80ch] grow wrap-anywhere">
          <p className="font-medium">
            {href === '' ? (
              <HostileText text={notification.title} limit={200} />
            ) : (
              <Link href={href} data-open="" className="hover:underline">
                <HostileText text={notification.title} limit={200} expandable={false} />
              </Link>
            )}
          </p>
          {notification.text === '' ? null : (
            <p className="text-ink-2">
              <HostileText text={notification.text} limit={280} />
            </p>
          )}
          <Receipts notification={notification} />
        </div>
        {onAcknowledge !== undefined && wantsAcknowledging(notification) ? (
          <button
            type="button"
            className="button"
            disabled={busy}
            aria-label={`Acknowledge: ${flattenHostile(notification.title, 60)}`}
            onClick={(event) => {
              // the button goes, its row stays
              event.currentTarget.closest<HTMLElement>('[data-row]')?.focus()
              onAcknowledge()
            }}
          >
            <Check size={15} aria-hidden />
            Acknowledge
          </button>
        ) : null}
      </div>
    </li>
  )
}

/** What was told to whom, and what came of it. */
export const Log = ({ state: asked }: { readonly state: string | null }) => {
  const client = useQueryClient()
  const may = mayChangeNotifications(useOperator())
  const [, navigate] = useLocation()
  const state = readState(asked)
  const query = useInfiniteQuery({
    queryKey: ['notifications', state],
    queryFn: ({ pageParam, signal }) => respond.notifications(state, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  })
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  const { mutate, isPending } = useMutation({
    mutationFn: (notification: NotificationView) => respond.acknowledge(notification.id),
    onSuccess: (_, notification) => {
      // a list of what waits loses it
      keepRowFocus([notification.id])
      toasts.add({ title: `Acknowledged, nobody else is woken: ${flattenHostile(notification.title, 60)}` })
    },
    onError: (error) => {
      const problem = asApiError(error)
      toasts.add({ title: `Not acknowledged: ${problem.message}. ${problem.fix} (${problem.code})`, priority: 'high', timeout: 20_000 })
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  const commands = useMemo(
    () => ({
      acknowledge: () => {
        const row = rows.find(({ id }) => id === focusedRow())
        if (row !== undefined && may && wantsAcknowledging(row)) mutate(row)
      },
    }),
    [rows, may, mutate],
  )
  usePageCommands(commands)
  return (
    <>
      <div className="mb-2 flex">
        <Select
          label="State"
          value={state ?? ''}
          onChange={(next) => navigate(next === '' ? '/notifications' : `/notifications?state=${next}`, { replace: true })}
          options={[['', 'Any state'], ...STATES.map((known) => [known, STATE_WORD[known]] as const)]}
        />
      </div>
      <Answer query={query} what="notifications">
        {() =>
          rows.length > 0 ? (
            <>
              <ol aria-label="Notifications, newest first">
                {rows.map((notification) => (
                  <Told
                    key={notification.id}
                    notification={notification}
                    busy={isPending}
                    onAcknowledge={may ? () => mutate(notification) : undefined}
                  />
                ))}
              </ol>
              <More query={query} total={rows.length} noun="notifications" />
            </>
          ) : (
            <div className="pt-2">
              {state === null ? (
                <Empty title="Nothing was told yet">What goes out stands here: to whom, whether it arrived, and who has seen it.</Empty>
              ) : (
                <Empty title="None in this state">
                  <Link href="/notifications" className="link">
                    Show all
                  </Link>
                </Empty>
              )}
            </div>
          )
        }
      </Answer>
    </>
  )
}
