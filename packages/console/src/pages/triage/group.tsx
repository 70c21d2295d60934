import type { TriageDetail, TriageGroup } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowLeft } from 'lucide-react'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { Link } from 'wouter'

import { mayChangeRules } from '../../app/api.js'
import { detect } from '../../app/detect-api.js'
import { mayChangeIncidents } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { AlertLines } from '../../components/alert-lines.js'
import { DemoTag } from '../../components/demo-tag.js'
import { ExceptionList } from '../../components/exception-list.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Section, useTitle } from '../../components/page-title.js'
import { Failure, Loading } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { TriageState } from '../../components/triage-status.js'
import { count, plural } from '../../lib/format.js'
import { incidentOf } from '../../lib/incidents.js'
import { ActButtons } from './act-buttons.js'
import type { Asking } from './group-dialogs.js'
import { GroupDialogs } from './group-dialogs.js'
import { GroupEvents } from './group-events.js'
import { Notes } from './notes.js'
import { useTriageKeys } from './use-triage-keys.js'

const OpenIncident = lazy(async () => ({ default: (await import('../incidents/open-incident.js')).OpenIncident }))

const SCOPE_NAME = { ip: 'Address', user: 'User', endpoint: 'Endpoint', event: 'Event' } as const

const Head = ({ group }: { readonly group: TriageGroup }) => {
  const operator = useOperator()
  return (
    <div className="mb-5">
      <div className="flex flex-wrap items-center gap-x-3 text-ink-2">
        <LevelMark level={group.level} />
        <Link href={`/rules/${encodeURIComponent(group.rule.id)}`} className="hover:underline">
          <HostileText text={group.rule.title} limit={120} expandable={false} />
        </Link>
        {group.demo ? <DemoTag /> : null}
      </div>
      <h1 className="mt-2 max-w-[42ch] text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] text-balance wrap-anywhere">
        <HostileText text={group.why} limit={400} />
      </h1>
      <dl className="mt-4 flex flex-wrap gap-x-8 gap-y-2">
        {[
          { name: 'State', value: <TriageState group={group} self={operator.id} /> },
          {
            name: SCOPE_NAME[group.scope.kind],
            value: <HostileText text={group.scope.value} limit={120} className="font-mono text-[0.93rem]" />,
          },
          { name: 'Alerts', value: `${count(group.alerts)}, of ${plural(group.events, 'event')}` },
          { name: 'First', value: <Ago at={group.first} /> },
          { name: 'Last', value: <Ago at={group.last} /> },
          { name: 'Seen by', value: <HostileText text={group.sources.map(({ name }) => name).join(', ') || '–'} limit={120} /> },
          ...(group.decisions === 0 ? [] : [{ name: 'In force', value: plural(group.decisions, 'decision') }]),
        ].map((fact) => (
          <div key={fact.name} className="min-w-0">
            <dt className="text-[0.82rem] text-ink-3">{fact.name}</dt>
            <dd className="wrap-anywhere">{fact.value}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

const Rule = ({ detail: { group, rule } }: { readonly detail: TriageDetail }) => (
  <Section
    id="rule"
    title="The rule"
    aside={
      <Link href={`/rules/${encodeURIComponent(group.rule.id)}`} className="link">
        All of it
      </Link>
    }
  >
    <div className="grid gap-3 pt-1">
      <p className="max-w-[60ch]">
        <HostileText text={rule.inWords} limit={1_000} />
      </p>
      {rule.falsePositives.length === 0 ? null : (
        <div>
          <h3 className="font-medium">It may be harmless when</h3>
          <ul className="mt-1 list-disc pl-5 text-ink-2 marker:text-ink-3">
            {rule.falsePositives.map((hint) => (
              <li key={hint}>{hint}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  </Section>
)

const Group = ({ detail }: { readonly detail: TriageDetail }) => {
  const { group } = detail
  const [asking, setAsking] = useState<Asking>()
  const [opening, setOpening] = useState(false)
  const operator = useOperator()
  const chosen = useCallback(() => [group], [group])
  const more = useMemo(() => ({ note: () => document.querySelector<HTMLElement>('[data-note]')?.focus() }), [])
  const { acts, may, busy } = useTriageKeys(chosen, setAsking, more)
  return (
    <>
      <Head group={group} />
      {may ? (
        <div className="mb-9 flex flex-wrap gap-2">
          <ActButtons groups={[group]} acts={acts} busy={busy} />
          {mayChangeIncidents(operator) ? (
            <button type="button" className="button" onClick={() => setOpening(true)}>
              Open an incident…
            </button>
          ) : null}
        </div>
      ) : null}
      <div className="grid grid-cols-1 gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,8fr)_minmax(0,4.5fr)]">
        <div className="grid grid-cols-1 content-start gap-10">
          <Section id="alerts" title="Alerts" aside={group.alerts > 1 ? count(group.alerts) : undefined}>
            <AlertLines alerts={detail.alerts} label="Alerts of this group, newest first" />
          </Section>
          <GroupEvents
            events={detail.events}
            topValues={detail.topValues}
            onExcept={mayChangeRules(operator) ? (cell) => setAsking({ about: 'false-positive', groups: [group], cell }) : undefined}
          />
        </div>
        <div className="grid grid-cols-1 content-start gap-10">
          <Notes detail={detail} />
          <Rule detail={detail} />
          <Section id="exceptions" title="Exceptions of this rule">
            <ExceptionList exceptions={detail.exceptions} />
          </Section>
        </div>
      </div>
      <GroupDialogs asking={asking} onClose={() => setAsking(undefined)} />
      {opening ? (
        <Suspense fallback={null}>
          <OpenIncident from={incidentOf(group, detail.alerts)} onClose={() => setOpening(false)} />
        </Suspense>
      ) : null}
    </>
  )
}

/** One group: why, its alerts and events, what is most frequent in them, what was said about it, and everything that can be done. */
export const GroupPage = ({ groupKey }: { readonly groupKey: string }) => {
  const query = useQuery({ queryKey: ['triage-group', groupKey], queryFn: ({ signal }) => detect.group(groupKey, signal) })
  const detail = query.data
  useTitle(detail?.group.rule.title ?? 'Group of alerts')
  return (
    <>
      <Link href="/triage" className="mb-4 inline-flex items-center gap-1.5 text-ink-2 hover:text-ink">
        <ArrowLeft size={16} aria-hidden />
        Triage
      </Link>
      {detail === undefined ? <h1 className="sr-only">Group of alerts</h1> : null}
      {query.error === null ? null : (
        <div className="mb-6">
          <Failure error={query.error} retry={() => void query.refetch()} compact={detail !== undefined} />
        </div>
      )}
      {detail === undefined ? query.error === null ? <Loading what="the group" rows={8} /> : null : <Group detail={detail} />}
    </>
  )
}
