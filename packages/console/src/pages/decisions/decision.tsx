import type { Decision, DecisionDetail } from '@parapet/core'
import { isActive } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { Ban } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayDecide } from '../../app/api.js'
import { useNow } from '../../app/clock.js'
import { respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { Answer } from '../../components/answer.js'
import { BlockDialog } from '../../components/block-dialog.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { BackLink, Facts, Section, useTitle } from '../../components/page-title.js'
import { StateMark } from '../../components/state-mark.js'
import { Ago, Countdown } from '../../components/time.js'
import { UndoButton } from '../../components/undo.js'
import { ENFORCER_WORDS } from '../../lib/enforcers.js'
import { actionInWords, authorInWords, plural, spanInWords } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { Events } from '../alerts/events.js'
import { Batch } from './batch.js'
import { InForce } from './in-force.js'

const ASK_MS = 5_000

const State = ({ decision, now }: { readonly decision: Decision; readonly now: number }) => {
  if (decision.lifted !== undefined) return <StateMark tone="idle" word="Taken back" />
  if (decision.expiresAt <= now) return <StateMark tone="idle" word="Ended" />
  if (decision.startsAt > now) return <StateMark tone="wait" word="Not yet begun" />
  return decision.mode === 'observe' ? <StateMark tone="watch" word="Only watched" /> : <StateMark tone="good" word="In force" />
}

const End = ({ decision, now }: { readonly decision: Decision; readonly now: number }) =>
  decision.lifted !== undefined ? (
    <>
      <Ago at={decision.lifted.at} /> by <HostileText text={authorInWords(decision.lifted.by)} limit={60} />:{' '}
      <HostileText text={decision.lifted.reason} limit={160} />
    </>
  ) : decision.expiresAt <= now ? (
    <Ago at={decision.expiresAt} />
  ) : (
    <span className="font-medium">
      <Countdown until={decision.expiresAt} />
    </span>
  )

const again = ({ mode }: Decision, active: boolean): string =>
  !active ? 'Block again…' : mode === 'observe' ? 'Block it now…' : 'Block otherwise…'

const Head = ({ decision, now }: { readonly decision: Decision; readonly now: number }) => {
  const operator = useOperator()
  const [blocking, setBlocking] = useState(false)
  const active = isActive(decision, now)
  const address = decision.target.kind === 'ip' || decision.target.kind === 'cidr'
  return (
    <div className="mb-9">
      <State decision={decision} now={now} />
      <h1 className="mt-2 text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] text-balance wrap-anywhere">
        {address || decision.target.kind === 'all' ? null : <span className="font-normal text-ink-2">{decision.target.kind} </span>}
        <HostileText text={decision.target.kind === 'all' ? 'Everybody' : decision.target.value} limit={120} />{' '}
        <span className="font-normal text-ink-2">{actionInWords(decision).toLowerCase()}</span>
      </h1>
      <p className="mt-2 mb-4 max-w-[75ch] text-[1.05rem] wrap-anywhere">
        <HostileText text={decision.reason} limit={500} />
      </p>
      <Facts
        facts={[
          ['By', <HostileText key="by" text={authorInWords(decision.author)} limit={60} />],
          ...(decision.rule === undefined
            ? []
            : ([
                [
                  'Rule',
                  <span key="rule">
                    <LevelMark level={decision.rule.level} bare />{' '}
                    <Link href={`/rules/${encodeURIComponent(decision.rule.id)}`} className="link">
                      <HostileText text={decision.rule.title} limit={80} expandable={false} />
                    </Link>{' '}
                    <span className="text-ink-3">
                      version <HostileText text={decision.rule.version} limit={20} expandable={false} />
                    </span>
                  </span>,
                ],
              ] as const)),
          ['Since', <Ago key="since" at={decision.startsAt} />],
          [
            decision.lifted !== undefined ? 'Taken back' : decision.expiresAt <= now ? 'Ended' : 'Ends in',
            <End key="end" decision={decision} now={now} />,
          ],
          ...(decision.limit === undefined
            ? []
            : ([['Lets through', `${decision.limit.limit} in ${spanInWords(decision.limit.windowMs)}`]] as const)),
          ...(decision.enforcers === undefined
            ? []
            : ([['Only by', decision.enforcers.map((kind) => ENFORCER_WORDS[kind].name).join(', ')]] as const)),
        ]}
      />
      <div className="mt-5 flex flex-wrap gap-2">
        {active ? <UndoButton decisions={[decision]} /> : null}
        {address && mayDecide(operator) ? (
          <button type="button" className="button" onClick={() => setBlocking(true)}>
            <Ban size={15} aria-hidden />
            {again(decision, active)}
          </button>
        ) : null}
        {address ? (
          <Link href={`/decisions?address=${encodeURIComponent(decision.target.value)}`} className="button" data-kind="quiet">
            All about this address
          </Link>
        ) : null}
      </div>
      {blocking ? <BlockDialog target={decision.target.value} scope={decision.scope} onClose={() => setBlocking(false)} /> : null}
    </div>
  )
}

const Why = ({ alerts }: { readonly alerts: DecisionDetail['alerts'] }) => (
  <Section id="why" title="Why" aside={alerts.length > 1 ? plural(alerts.length, 'alert') : undefined}>
    {alerts.length === 0 ? (
      <p className="py-2 text-ink-2">No alert stands behind it: somebody decided it, for the reason above.</p>
    ) : (
      <ul>
        {alerts.map((alert) => (
          <li key={alert.id} data-row={alert.id} tabIndex={-1} className="border-b border-line py-2.5">
            <p className="flex flex-wrap items-baseline gap-x-3 text-[0.93rem] text-ink-2">
              <LevelMark level={alert.rule.level} />
              <Ago at={alert.last} />
              <span>{plural(alert.count, 'event')}</span>
            </p>
            <Link href={`/alerts/${encodeURIComponent(alert.id)}`} data-open="" className="wrap-anywhere hover:underline">
              <HostileText text={alert.why} limit={240} expandable={false} />
            </Link>
          </li>
        ))}
      </ul>
    )}
  </Section>
)

const Incidents = ({ incidents }: { readonly incidents: DecisionDetail['incidents'] }) =>
  incidents.length === 0 ? null : (
    <Section id="incidents" title="Incidents">
      <ul>
        {incidents.map(({ id, title }) => (
          <li key={id} className="border-b border-line py-1.5">
            <Link href={`/incidents/${encodeURIComponent(id)}`} className="link wrap-anywhere">
              <HostileText text={title} limit={120} expandable={false} />
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  )

const Detail = ({ detail }: { readonly detail: DecisionDetail }) => {
  const now = useNow(1_000)
  const { decision } = detail
  return (
    <>
      <Head decision={decision} now={now} />
      <div className="grid gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,8fr)_minmax(0,4.5fr)]">
        <div className="grid content-start gap-10">
          <InForce confirmations={detail.confirmations} active={isActive(decision, now)} />
          <Why alerts={detail.alerts} />
          {detail.events.length === 0 ? null : (
            <Section id="events" title="Events" aside={plural(detail.events.length, 'event')}>
              <Events events={detail.events} />
            </Section>
          )}
        </div>
        <div className="grid content-start gap-10">
          <Batch decision={decision} batch={detail.batch} now={now} />
          <Incidents incidents={detail.incidents} />
        </div>
      </div>
    </>
  )
}

/** One decision: why, where it is really in force, what was decided with it, and every way to take it back. */
export const DecisionPage = ({ id }: { readonly id: string }) => {
  const query = useQuery({
    queryKey: ['decision', id],
    queryFn: ({ signal }) => respond.decision(id, signal),
    // enforcers report without a word on the live line
    refetchInterval: ASK_MS,
  })
  const target = query.data?.decision.target.value
  useTitle(target === undefined ? 'Decision' : `Decision: ${flattenHostile(target, 40)}`)
  return (
    <>
      <BackLink href="/decisions">Decisions</BackLink>
      {query.data === undefined ? <h1 className="sr-only">Decision</h1> : null}
      <Answer query={query} what="the decision" rows={8}>
        {(detail) => <Detail detail={detail} />}
      </Answer>
    </>
  )
}
