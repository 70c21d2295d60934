import type { ResetCampaign } from '@parapet/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleDot, CircleSlash, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayChangeSubjects, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { Answer } from '../../components/answer.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { BackLink, PageHead } from '../../components/page-title.js'
import { Empty } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { count, plural } from '../../lib/format.js'
import { percent, scopeInWords } from '../../lib/resets.js'

const STATE = {
  running: ['Running', CircleDot, 'font-medium text-accent'],
  done: ['Done', CircleCheck, 'text-ink-2'],
  cancelled: ['Stopped', CircleSlash, 'text-ink-2'],
} as const

const Bar = ({
  label,
  part,
  whole,
  words,
}: {
  readonly label: string
  readonly part: number
  readonly whole: number
  readonly words: string
}) => (
  <div>
    <div className="flex flex-wrap items-baseline justify-between gap-x-4">
      <span>{label}</span>
      <span className="text-ink-2">
        {words} <span className="text-ink-3">{percent(part, whole)} %</span>
      </span>
    </div>
    <progress className="progress" value={part} max={Math.max(1, whole)} aria-label={label} />
  </div>
)

const Campaign = ({ campaign, onCancel }: { readonly campaign: ResetCampaign; readonly onCancel: (() => void) | undefined }) => {
  const { mails, subjects, state } = campaign
  const [word, Icon, colour] = STATE[state]
  const allMails = mails.queued + mails.sent + mails.failed
  return (
    <li data-row={campaign.id} tabIndex={-1} className="border-b border-edge py-5">
      <div className="flex flex-wrap items-baseline gap-x-5 gap-y-1">
        <span className={`inline-flex w-24 items-baseline gap-1.5 ${colour}`}>
          <Icon size={14} aria-hidden className="relative top-0.5 shrink-0" />
          {word}
        </span>
        <h2 className="min-w-0 text-[1.05rem] font-semibold wrap-anywhere">
          Reset of <HostileText text={scopeInWords(campaign.scope)} limit={80} />
        </h2>
        {onCancel === undefined ? null : (
          <button type="button" className="button ml-auto" onClick={onCancel}>
            Stop it…
          </button>
        )}
      </div>
      <p className="mt-1 text-ink-2">
        <HostileText text={campaign.reason} limit={200} />{' '}
        <span className="text-ink-3">
          by <HostileText text={campaign.by.name} limit={40} />, begun <Ago at={campaign.startedAt} />
          {campaign.endedAt === null ? null : (
            <>
              , ended <Ago at={campaign.endedAt} />
            </>
          )}
        </span>
      </p>
      <div className="mt-3 grid max-w-3xl gap-3">
        <Bar
          label="Came back with a new password"
          part={campaign.done}
          whole={subjects}
          words={`${count(campaign.done)} of ${plural(subjects, 'user')}`}
        />
        {allMails === 0 ? null : (
          <Bar
            label="Mails sent"
            part={mails.sent}
            whole={allMails}
            words={`${count(mails.sent)} of ${count(allMails)}${mails.queued === 0 ? '' : `, ${count(mails.queued)} to go`}`}
          />
        )}
      </div>
      <p className="mt-2 flex flex-wrap gap-x-6 gap-y-1 text-[0.93rem] text-ink-2">
        <span>{plural(campaign.sessionsEnded, 'session')} ended</span>
        {mails.failed === 0 ? null : (
          <span className="inline-flex items-baseline gap-1.5 font-medium text-high">
            <TriangleAlert size={14} aria-hidden className="relative top-0.5 shrink-0" />
            {plural(mails.failed, 'mail')} failed
          </span>
        )}
        {mails.noAddress === 0 ? null : <span>{plural(mails.noAddress, 'user')} without a mail address: told at their next sign-in</span>}
      </p>
    </li>
  )
}

/** Every reset of many, and how far it is. */
export const Resets = () => {
  const client = useQueryClient()
  const may = mayChangeSubjects(useOperator())
  const [stopping, setStopping] = useState<ResetCampaign>()
  const query = useQuery({
    queryKey: ['resets'],
    queryFn: ({ signal }) => respond.resets(signal),
    refetchInterval: ({ state }) => (state.data?.items.some((item) => item.state === 'running') === true ? 2_000 : 30_000),
  })
  return (
    <>
      <BackLink href="/subjects">Subjects</BackLink>
      <PageHead title="Resets" />
      <Answer query={query} what="resets" rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nobody had to reset yet">
              After a breach, everybody, a role or some are made to set a new password from the list of{' '}
              <Link href="/subjects" className="link">
                users
              </Link>
              . How far that is stands here.
            </Empty>
          ) : (
            <ol aria-label="Resets, newest first">
              {items.map((campaign) => (
                <Campaign
                  key={campaign.id}
                  campaign={campaign}
                  onCancel={may && campaign.state === 'running' ? () => setStopping(campaign) : undefined}
                />
              ))}
            </ol>
          )
        }
      </Answer>
      {stopping === undefined ? null : (
        <ConfirmDialog
          title="Stop this reset?"
          words={['Stop it', 'Stopping…']}
          act={async () => {
            await respond.cancelReset(stopping.id)
            toasts.add({ title: 'Stopped' })
            void client.invalidateQueries({ queryKey: ['resets'] })
          }}
          onClose={() => setStopping(undefined)}
        >
          <p>No more mails go out, and who has not come back yet can sign in with the old password again.</p>
          <p>Sessions that have ended stay ended, and who has set a new password keeps it.</p>
        </ConfirmDialog>
      )}
    </>
  )
}
