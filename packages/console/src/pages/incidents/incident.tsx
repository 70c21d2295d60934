import type { IncidentDetail } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { Lock } from 'lucide-react'
import { useMemo, useState } from 'react'

import { mayLockDown } from '../../app/api.js'
import { mayChangeIncidents, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { usePageCommands } from '../../app/shortcuts.js'
import { Answer } from '../../components/answer.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { LockdownSheet } from '../../components/lockdown-sheet.js'
import { BackLink, Facts, useTitle } from '../../components/page-title.js'
import { Ago, Moment } from '../../components/time.js'
import { incidentName } from '../../lib/incidents.js'
import type { Asking } from './change-dialogs.js'
import { ChangeDialogs } from './change-dialogs.js'
import { LinkMore } from './link-more.js'
import { Linked } from './linked.js'
import { Assignee, StatusMark } from './marks.js'
import { Timeline } from './timeline.js'

const Key = ({ name }: { readonly name: string }) => (
  <kbd className="key hidden lg:inline-block" aria-hidden>
    {name}
  </kbd>
)

const Head = ({ detail: { incident } }: { readonly detail: IncidentDetail }) => (
  <div className="mb-5">
    <div className="flex flex-wrap items-baseline gap-x-4 text-ink-2">
      <span className="font-mono text-[0.93rem]">{incidentName(incident)}</span>
      <LevelMark level={incident.severity} />
      <StatusMark status={incident.status} />
    </div>
    <h1 className="mt-2 max-w-[42ch] text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] text-balance wrap-anywhere">
      <HostileText text={incident.title} limit={300} />
    </h1>
    <div className="mt-4">
      <Facts
        facts={[
          ['Who works on it', <Assignee key="assignee" incident={incident} />],
          [
            'Opened',
            <span key="opened">
              <Moment at={incident.openedAt} />{' '}
              <span className="text-ink-2">
                by <HostileText text={incident.openedBy.name} limit={40} />
              </span>
            </span>,
          ],
          ['Last change', <Ago key="updated" at={incident.updatedAt} />],
          ...(incident.closedAt === null ? [] : [['Closed', <Moment key="closed" at={incident.closedAt} />] as const]),
        ]}
      />
    </div>
  </div>
)

const LockdownOffer = ({ onOpen }: { readonly onOpen: () => void }) => (
  <section aria-label="Lockdown" className="alarm mb-8 flex flex-wrap items-center justify-between gap-x-8 gap-y-2 py-2!">
    <p className="max-w-[62ch]">
      <span className="font-medium">A lockdown is ready, and nothing of it has begun.</span>{' '}
      <span className="text-ink-2">
        It closes the applications to all but those you choose, until somebody confirms it or it ends by itself. First you see whom it would
        shut out.
      </span>
    </p>
    <button type="button" className="button" data-kind="danger" onClick={onOpen}>
      <Lock size={15} aria-hidden />
      Look at the lockdown…
    </button>
  </section>
)

const Incident = ({ detail }: { readonly detail: IncidentDetail }) => {
  const { incident } = detail
  const operator = useOperator()
  const may = mayChangeIncidents(operator)
  const [asking, setAsking] = useState<Asking | 'link' | 'lockdown'>()
  const commands = useMemo(
    () => ({
      note: () => document.querySelector<HTMLElement>('[data-note]')?.focus(),
      ...(may ? { assign: () => setAsking('assign'), close: () => setAsking('status') } : {}),
    }),
    [may],
  )
  usePageCommands(commands)
  const close = (): void => setAsking(undefined)
  return (
    <>
      <Head detail={detail} />
      {may ? (
        <div className="mb-7 flex flex-wrap gap-2">
          <button type="button" className="button" onClick={() => setAsking('assign')}>
            Assign…
            <Key name="m" />
          </button>
          <button type="button" className="button" onClick={() => setAsking('status')}>
            Status…
            <Key name="c" />
          </button>
          <button type="button" className="button" onClick={() => setAsking('severity')}>
            Severity…
          </button>
          <button type="button" className="button" onClick={() => setAsking('link')}>
            Link more…
          </button>
          <button type="button" className="button" onClick={commands.note}>
            Note
            <Key name="n" />
          </button>
        </div>
      ) : null}
      {detail.lockdownOffered && mayLockDown(operator) ? <LockdownOffer onOpen={() => setAsking('lockdown')} /> : null}
      <div className="grid grid-cols-1 gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,8fr)_minmax(0,4.5fr)]">
        <Timeline detail={detail} />
        <div className="grid grid-cols-1 content-start gap-10">
          <Linked detail={detail} />
        </div>
      </div>
      {asking === 'link' ? <LinkMore id={incident.id} onClose={close} /> : null}
      {asking === 'lockdown' ? <LockdownSheet incidentId={incident.id} reason={incidentName(incident)} onClose={close} /> : null}
      <ChangeDialogs asking={asking === 'link' || asking === 'lockdown' ? undefined : asking} incident={incident} onClose={close} />
    </>
  )
}

/** One incident: what happened, oldest first, who works on it, what it is about, and what can be done. */
export const IncidentPage = ({ id }: { readonly id: string }) => {
  const query = useQuery({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => respond.incident(id, signal),
    refetchInterval: 10_000,
  })
  useTitle(query.data === undefined ? 'Incident' : incidentName(query.data.incident))
  return (
    <>
      <BackLink href="/incidents">Incidents</BackLink>
      {query.data === undefined ? <h1 className="sr-only">Incident</h1> : null}
      <Answer query={query} what="the incident" rows={8}>
        {(detail) => <Incident detail={detail} />}
      </Answer>
    </>
  )
}
