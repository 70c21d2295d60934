/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role -- what scrolls must be reachable with the keyboard */
import type { RuleDetail } from '@parapet/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayChangeRules } from '../../app/api.js'
import { detect } from '../../app/detect-api.js'
import { useOperator } from '../../app/session.js'
import { AlertLines } from '../../components/alert-lines.js'
import { Answer } from '../../components/answer.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import { ExceptionList } from '../../components/exception-list.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { BackLink, Section, useTitle } from '../../components/page-title.js'
import { Precision } from '../../components/precision.js'
import { RuleState } from '../../components/rule-state.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { count } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { safeReference } from '../../lib/safe-path.js'
import { triagePath } from '../../lib/triage.js'
import { TestRule } from './test-rule.js'

const Switch = ({ rule }: { readonly rule: RuleDetail['rule'] }) => {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const next = rule.state === 'on' ? 'off' : 'on'
  if (!mayChangeRules(useOperator()) || rule.state === 'broken') return null
  return (
    <>
      <button type="button" className="button" data-kind={next === 'off' ? 'danger' : 'primary'} onClick={() => setAsking(true)}>
        Switch {next}…
      </button>
      {asking ? (
        <ConfirmDialog
          title={next === 'off' ? 'Switch this rule off?' : 'Switch this rule on?'}
          words={[`Switch ${next}`, 'Switching…']}
          act={async () => {
            await detect.switchRule(rule.id, next)
            toasts.add({ title: `${next === 'on' ? 'On' : 'Off'}: ${flattenHostile(rule.title, 60)}` })
            for (const queryKey of [['rule', rule.id], ['rules']]) void client.invalidateQueries({ queryKey })
          }}
          onClose={() => setAsking(false)}
        >
          <p>
            {next === 'off'
              ? 'It makes no more alerts, and nothing is blocked for it. Other rules may still count the same events.'
              : 'It makes alerts from the next event on, and policies may block for it.'}
          </p>
          {next === 'off' ? <p>If it is wrong for one address, user or program only, an exception is the smaller step.</p> : null}
        </ConfirmDialog>
      ) : null}
    </>
  )
}

const Head = ({ rule }: { readonly rule: RuleDetail['rule'] }) => (
  <div className="mb-8">
    <div className="flex flex-wrap items-center gap-x-3 text-ink-2">
      <LevelMark level={rule.level} />
      <RuleState rule={rule} />
    </div>
    <div className="mt-2 flex flex-wrap items-start justify-between gap-x-8 gap-y-3">
      <h1 className="max-w-[42ch] text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] text-balance wrap-anywhere">
        <HostileText text={rule.title} limit={200} />
      </h1>
      <Switch rule={rule} />
    </div>
    {rule.problem === null ? null : (
      <div className="alarm mt-4">
        <p className="font-medium">It cannot run</p>
        <p className="wrap-anywhere">
          <HostileText text={rule.problem} limit={1_000} />
        </p>
      </div>
    )}
    <dl className="mt-4 flex flex-wrap gap-x-8 gap-y-2">
      {[
        {
          name: 'Alerts in 7 days',
          value: (
            <Link href={triagePath({ tab: 'all', level: undefined, rule: rule.id, mine: false })} className="link">
              {count(rule.alerts7d)}
            </Link>
          ),
        },
        { name: 'Last alert', value: rule.lastAlertAt === null ? 'never' : <Ago at={rule.lastAlertAt} /> },
        { name: 'Precision', value: <Precision rule={rule} /> },
        {
          name: 'Responds',
          value: rule.respond === null ? 'alerts only' : `${rule.respond.action.replaceAll('_', ' ')}, ${rule.respond.mode}`,
        },
        { name: 'Kind', value: rule.kind.replaceAll('_', ' ') },
        { name: 'From', value: <HostileText text={rule.origin === 'builtin' ? 'Parapet itself' : rule.origin} limit={120} /> },
      ].map((fact) => (
        <div key={fact.name} className="min-w-0">
          <dt className="text-[0.82rem] text-ink-3">{fact.name}</dt>
          <dd className="wrap-anywhere">{fact.value}</dd>
        </div>
      ))}
    </dl>
  </div>
)

const Words = ({ detail }: { readonly detail: RuleDetail }) => (
  <Section id="words" title="In words">
    <div className="grid gap-3 pt-1">
      <p className="max-w-[65ch]">
        <HostileText text={detail.inWords} limit={2_000} />
      </p>
      {detail.description === '' || detail.description === detail.inWords ? null : (
        <p className="max-w-[65ch] text-ink-2">
          <HostileText text={detail.description} limit={2_000} />
        </p>
      )}
      {detail.falsePositives.length === 0 ? null : (
        <div>
          <h3 className="font-medium">It may be harmless when</h3>
          <ul className="mt-1 list-disc pl-5 text-ink-2 marker:text-ink-3">
            {detail.falsePositives.map((hint) => (
              <li key={hint}>
                <HostileText text={hint} limit={300} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <p className="font-mono text-[0.82rem] text-ink-3 wrap-anywhere">
        <HostileText text={[detail.rule.id, `version ${detail.rule.version}`, ...detail.rule.tags].join(' · ')} limit={400} />
      </p>
      {detail.references.length === 0 ? null : (
        <ul className="text-[0.9rem] wrap-anywhere">
          {detail.references.map((reference) => {
            const href = safeReference(reference)
            return (
              <li key={reference}>
                {href === undefined ? (
                  <HostileText text={reference} limit={200} />
                ) : (
                  <a href={href} className="link" rel="noreferrer noopener" target="_blank">
                    <HostileText text={reference} limit={200} expandable={false} />
                  </a>
                )}
              </li>
            )
          })}
        </ul>
      )}
    </div>
  </Section>
)

const Detail = ({ detail }: { readonly detail: RuleDetail }) => (
  <>
    <Head rule={detail.rule} />
    <div className="grid grid-cols-1 gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]">
      <div className="grid grid-cols-1 content-start gap-10">
        <Words detail={detail} />
        <TestRule id={detail.rule.id} broken={detail.rule.state === 'broken'} />
        <Section id="latest" title="Latest alerts">
          <AlertLines alerts={detail.latest} label="Latest alerts of this rule, newest first" />
        </Section>
      </div>
      <div className="grid grid-cols-1 content-start gap-10">
        <Section id="exceptions" title="Exceptions" aside={detail.exceptions.length === 0 ? undefined : count(detail.exceptions.length)}>
          <ExceptionList exceptions={detail.exceptions} />
        </Section>
        <Section id="source" title="As it is written">
          <pre
            className="mt-2 max-h-[32rem] overflow-auto border border-line bg-sunken p-3 font-mono text-[0.8rem]"
            tabIndex={0}
            role="region"
            aria-label="Source of the rule"
          >
            <HostileText text={detail.source} limit={20_000} lines />
          </pre>
        </Section>
      </div>
    </div>
  </>
)

/** One rule: what it looks for, what it found, what it leaves out, and what it would have found. */
export const RulePage = ({ id }: { readonly id: string }) => {
  const query = useQuery({ queryKey: ['rule', id], queryFn: ({ signal }) => detect.rule(id, signal) })
  const detail = query.data
  useTitle(detail?.rule.title ?? 'Rule')
  return (
    <>
      <BackLink href="/rules">Rules</BackLink>
      {detail === undefined ? <h1 className="sr-only">Rule</h1> : null}
      <Answer query={query} what="the rule" rows={8}>
        {(rule) => <Detail detail={rule} />}
      </Answer>
    </>
  )
}
