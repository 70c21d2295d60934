/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role -- what scrolls must be reachable with the keyboard */
import type { AlertDetail } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api } from '../../app/api.js'
import { Answer } from '../../components/answer.js'
import { BlockButton } from '../../components/block-button.js'
import { BlockDialog } from '../../components/block-dialog.js'
import { DemoTag } from '../../components/demo-tag.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { BackLink, Facts, Section, useTitle } from '../../components/page-title.js'
import { Ago } from '../../components/time.js'
import { count, plural } from '../../lib/format.js'
import { safeReference } from '../../lib/safe-path.js'
import { AlertDecisions } from './alert-decisions.js'
import { Events } from './events.js'

const TARGETS = 12

const Targets = ({ targets }: { readonly targets: readonly string[] }) => {
  const [all, setAll] = useState(false)
  const [blocking, setBlocking] = useState<string>()
  if (targets.length === 0) return null
  return (
    <Section id="targets" title="Addresses" aside={targets.length > 1 ? targets.length : undefined}>
      <ul>
        {(all ? targets : targets.slice(0, TARGETS)).map((target) => (
          <li key={target} className="flex items-center justify-between gap-3 border-b border-line py-1.5">
            <HostileText text={target} limit={64} className="min-w-0 font-mono text-[0.9rem] wrap-anywhere" />
            <BlockButton target={target} onBlock={setBlocking} />
          </li>
        ))}
      </ul>
      {!all && targets.length > TARGETS ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {targets.length}
        </button>
      ) : null}
      {blocking === undefined ? null : <BlockDialog target={blocking} onClose={() => setBlocking(undefined)} />}
    </Section>
  )
}

const Rule = ({ detail: { alert, rule } }: { readonly detail: AlertDetail }) => (
  <Section id="rule" title="The rule">
    <div className="grid gap-3 pt-1">
      <p className="max-w-[60ch]">{rule.inWords}</p>
      {rule.description === '' || rule.description === rule.inWords ? null : <p className="max-w-[60ch] text-ink-2">{rule.description}</p>}
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
      <p className="font-mono text-[0.82rem] text-ink-3 wrap-anywhere">
        {rule.id} · version {alert.rule.version}
        {alert.rule.tags.length === 0 ? null : ` · ${alert.rule.tags.join(' · ')}`}
      </p>
      {rule.references.length === 0 ? null : (
        <ul className="text-[0.9rem] wrap-anywhere">
          {rule.references.map((reference) => {
            const href = safeReference(reference)
            return (
              <li key={reference}>
                {href === undefined ? (
                  reference
                ) : (
                  <a href={href} className="link" rel="noreferrer noopener" target="_blank">
                    {reference}
                  </a>
                )}
              </li>
            )
          })}
        </ul>
      )}
      <details>
        <summary className="w-fit text-ink-2 hover:text-ink">Its source</summary>
        <pre
          className="mt-2 max-h-96 overflow-auto border border-line bg-sunken p-3 font-mono text-[0.8rem]"
          tabIndex={0}
          role="region"
          aria-label="Source of the rule"
        >
          <HostileText text={rule.source} limit={20_000} lines />
        </pre>
      </details>
    </div>
  </Section>
)

const SCOPE_WORD: Readonly<Record<string, string>> = { ip: 'Address', user: 'User', endpoint: 'Endpoint' }

const Head = ({ detail: { alert } }: { readonly detail: AlertDetail }) => (
  <div className="mb-9">
    <div className="flex flex-wrap items-center gap-x-3 text-ink-2">
      <LevelMark level={alert.rule.level} />
      <span>{alert.rule.title}</span>
      {alert.demo ? <DemoTag /> : null}
    </div>
    <h1 className="mt-2 max-w-[42ch] text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] text-balance wrap-anywhere">
      <HostileText text={alert.why} limit={400} />
    </h1>
    <div className="mt-4">
      <Facts
        facts={[
          [
            SCOPE_WORD[alert.scope.kind] ?? 'Event',
            <HostileText key="scope" text={alert.scope.value} limit={120} className="font-mono text-[0.93rem]" />,
          ],
          ['Count', count(alert.count)],
          ['First', <Ago key="first" at={alert.first} />],
          ['Last', <Ago key="last" at={alert.last} />],
          ['Seen by', <HostileText key="sources" text={alert.sources.map((source) => source.name).join(', ') || '–'} limit={120} />],
        ]}
      />
    </div>
  </div>
)

/** One alert: why, what was done and how to take it back, the rule in words, the events as they came. */
export const AlertPage = ({ id }: { readonly id: string }) => {
  const query = useQuery({ queryKey: ['alert', id], queryFn: ({ signal }) => api.alert(id, signal) })
  useTitle(query.data?.alert.rule.title ?? 'Alert')
  return (
    <>
      <BackLink href="/alerts">Alerts</BackLink>
      {query.data === undefined ? <h1 className="sr-only">Alert</h1> : null}
      <Answer query={query} what="the alert" rows={8}>
        {(detail) => (
          <>
            <Head detail={detail} />
            <div className="grid gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,8fr)_minmax(0,4.5fr)]">
              <div className="grid content-start gap-10">
                <AlertDecisions decisions={detail.decisions} />
                <Section
                  id="events"
                  title="Events"
                  aside={
                    detail.events.length < detail.alert.count
                      ? `the latest ${count(detail.events.length)} kept`
                      : plural(detail.events.length, 'event')
                  }
                >
                  <Events events={detail.events} />
                </Section>
              </div>
              <div className="grid content-start gap-10">
                <Rule detail={detail} />
                <Targets targets={detail.alert.targets} />
              </div>
            </div>
          </>
        )}
      </Answer>
    </>
  )
}
