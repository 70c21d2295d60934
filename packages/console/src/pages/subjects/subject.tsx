import type { SubjectAct, SubjectDetail, SubjectSession } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayChangeSubjects, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { AlertLines } from '../../components/alert-lines.js'
import { Answer } from '../../components/answer.js'
import { HostileText } from '../../components/hostile-text.js'
import { BackLink, Facts, Section, useTitle } from '../../components/page-title.js'
import { Ago } from '../../components/time.js'
import { UndoButton } from '../../components/undo.js'
import { actionInWords, authorInWords, count } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { ACTS, actsFor, nameOf } from '../../lib/subjects.js'
import { ActSheet } from './act-sheet.js'
import { Addresses } from './addresses.js'
import { History } from './history.js'
import { FlagMark, RiskMark, Who } from './marks.js'

const Head = ({ detail: { subject } }: { readonly detail: SubjectDetail }) => (
  <div className="mb-5">
    <div className="flex flex-wrap items-baseline gap-x-3 text-ink-2">
      <span>
        Risk <RiskMark risk={subject.risk} />
      </span>
    </div>
    <h1 className="mt-2 text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] wrap-anywhere">
      <Who subject={subject} />
    </h1>
    <div className="mt-4">
      <Facts
        facts={[
          ...(subject.email === null || subject.name === null
            ? []
            : [['Mail', <HostileText key="mail" text={subject.email} limit={120} />] as const]),
          ['Roles', subject.roles.length === 0 ? '–' : <HostileText key="roles" text={subject.roles.join(', ')} limit={120} />],
          ['Application', <HostileText key="source" text={subject.source.name} limit={80} />],
          ['First seen', <Ago key="first" at={subject.firstSeen} />],
          ['Last active (failed sign-ins aside)', subject.lastSeen === null ? 'never' : <Ago key="last" at={subject.lastSeen} />],
          ['Last sign-in', subject.lastSignIn === null ? 'never' : <Ago key="in" at={subject.lastSignIn} />],
        ]}
      />
    </div>
  </div>
)

const Acts = ({ detail }: { readonly detail: SubjectDetail }) => {
  const [asked, setAsked] = useState<SubjectAct['act']>()
  return (
    <div className="mb-8 flex flex-wrap gap-2">
      {actsFor(detail.subject.flags).map((act) => (
        <button
          key={act}
          type="button"
          className="button"
          data-kind={act === 'suspend' ? 'danger' : undefined}
          onClick={() => setAsked(act)}
        >
          {ACTS[act].button}…
        </button>
      ))}
      {asked === undefined ? null : <ActSheet act={asked} detail={detail} onClose={() => setAsked(undefined)} />}
    </div>
  )
}

const InForce = ({ detail: { subject, decisions } }: { readonly detail: SubjectDetail }) => (
  <Section id="in-force" title="In force">
    {subject.flags.length === 0 ? (
      <p className="py-1 text-ink-2">Nothing.</p>
    ) : (
      <ul>
        {subject.flags.map((flag) => {
          const decision = decisions.find(({ id }) => id === flag.decisionId)
          return (
            <li
              key={flag.decisionId}
              data-row={flag.decisionId}
              tabIndex={-1}
              className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1.5 border-b border-line py-2"
            >
              <span className="min-w-0 wrap-anywhere">
                <FlagMark flag={flag} />
                {decision === undefined ? null : (
                  <span className="block text-[0.93rem] text-ink-2">
                    <Link href={`/decisions/${encodeURIComponent(decision.id)}`} data-open="" className="hover:underline">
                      <HostileText text={decision.reason} limit={140} expandable={false} />
                    </Link>{' '}
                    <HostileText text={authorInWords(decision.author)} limit={40} expandable={false} className="text-ink-3" />
                  </span>
                )}
              </span>
              {decision === undefined ? null : <UndoButton decisions={[decision]} />}
            </li>
          )
        })}
      </ul>
    )}
  </Section>
)

const Session = ({ session }: { readonly session: SubjectSession }) => (
  <li className="border-b border-line py-2 wrap-anywhere">
    <p className="flex flex-wrap items-baseline justify-between gap-x-3">
      <HostileText text={session.device ?? 'an unknown device'} limit={80} className="font-medium" />
      {session.endedAt === null ? (
        <span className="inline-flex items-baseline gap-1.5 text-accent">
          <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden>
            <circle cx="5" cy="5" r="4.5" fill="currentColor" />
          </svg>
          Open
        </span>
      ) : (
        <span className="text-ink-3">
          Ended <Ago at={session.endedAt} />
        </span>
      )}
    </p>
    <p className="text-[0.93rem] text-ink-2">
      {session.address === null ? (
        'address not known'
      ) : (
        <HostileText text={session.address} limit={64} className="font-mono text-[0.93em]" />
      )}
      {session.country === null ? null : (
        <>
          , <HostileText text={session.country} limit={40} />
        </>
      )}
      . Began <Ago at={session.startedAt} />, last seen <Ago at={session.seenAt} />.
      {session.endedWhy === null ? null : (
        <>
          {' '}
          Ended: <HostileText text={session.endedWhy.replaceAll('_', ' ')} limit={80} />.
        </>
      )}
    </p>
  </li>
)

const SESSIONS = 6

const Sessions = ({ sessions }: { readonly sessions: readonly SubjectSession[] }) => {
  const [all, setAll] = useState(false)
  const open = sessions.filter(({ endedAt }) => endedAt === null).length
  return (
    <Section id="sessions" title="Sessions" aside={sessions.length === 0 ? undefined : `${open} open of ${count(sessions.length)}`}>
      {sessions.length === 0 ? (
        <p className="py-1 text-ink-2">None that the application told of.</p>
      ) : (
        <ul>
          {(all ? sessions : sessions.slice(0, SESSIONS)).map((session) => (
            <Session key={session.id} session={session} />
          ))}
        </ul>
      )}
      {!all && sessions.length > SESSIONS ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {sessions.length}
        </button>
      ) : null}
    </Section>
  )
}

const Why = ({ reasons }: { readonly reasons: readonly string[] }) => (
  <Section id="why" title="Why this risk">
    {reasons.length === 0 ? (
      <p className="py-1 text-ink-2">Nothing speaks against them.</p>
    ) : (
      <ol className="grid list-decimal gap-1 py-1 pl-5 marker:text-ink-3">
        {reasons.map((reason) => (
          <li key={reason} className="wrap-anywhere">
            <HostileText text={reason} limit={240} />
          </li>
        ))}
      </ol>
    )}
  </Section>
)

const Decisions = ({ detail: { decisions, subject } }: { readonly detail: SubjectDetail }) => {
  const flags = new Set(subject.flags.map(({ decisionId }) => decisionId))
  const past = decisions.filter(({ id }) => !flags.has(id))
  if (past.length === 0) return null
  return (
    <Section id="decisions" title="Decisions before" aside={past.length}>
      <ul>
        {past.slice(0, 12).map((decision) => (
          <li key={decision.id} data-row={decision.id} tabIndex={-1} className="border-b border-line py-1.5 wrap-anywhere">
            <Link href={`/decisions/${encodeURIComponent(decision.id)}`} data-open="" className="hover:underline">
              {actionInWords(decision)}
            </Link>{' '}
            <span className="text-[0.93rem] text-ink-2">
              <Ago at={decision.startsAt} />
              {decision.lifted === undefined ? null : ', taken back'}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

const Incidents = ({ incidents }: { readonly incidents: SubjectDetail['incidents'] }) =>
  incidents.length === 0 ? null : (
    <Section id="incidents" title="Incidents">
      <ul>
        {incidents.map(({ id, title }) => (
          <li key={id} className="border-b border-line py-1.5 wrap-anywhere">
            <Link href={`/incidents/${encodeURIComponent(id)}`} className="link">
              <HostileText text={title} limit={120} expandable={false} />
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  )

/** One user: risk and why, what is in force and how to take it back, what they did and what was done, sessions, addresses. */
export const SubjectPage = ({ id }: { readonly id: string }) => {
  const may = mayChangeSubjects(useOperator())
  const query = useQuery({
    queryKey: ['subject', id],
    queryFn: ({ signal }) => respond.subject(id, signal),
    refetchInterval: 30_000,
  })
  useTitle(query.data === undefined ? 'User' : flattenHostile(nameOf(query.data.subject), 60))
  return (
    <>
      <BackLink href="/subjects">Subjects</BackLink>
      {query.data === undefined ? <h1 className="sr-only">User</h1> : null}
      <Answer query={query} what="the user" rows={8}>
        {(detail) => (
          <>
            <Head detail={detail} />
            {may ? <Acts detail={detail} /> : null}
            <div className="grid grid-cols-1 gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,8fr)_minmax(0,4.5fr)]">
              <div className="grid grid-cols-1 content-start gap-10">
                <InForce detail={detail} />
                <Section id="alerts" title="Alerts" aside={detail.alerts.length > 1 ? count(detail.alerts.length) : undefined}>
                  <AlertLines alerts={detail.alerts} label="Alerts, newest first" />
                </Section>
                <History detail={detail} />
              </div>
              <div className="grid grid-cols-1 content-start gap-10">
                <Why reasons={detail.subject.riskWhy} />
                <Sessions sessions={detail.sessions} />
                <Addresses addresses={detail.addresses} />
                <Decisions detail={detail} />
                <Incidents incidents={detail.incidents} />
              </div>
            </div>
          </>
        )}
      </Answer>
    </>
  )
}
