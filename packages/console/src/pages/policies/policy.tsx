/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role -- what scrolls must be reachable with the keyboard */
import type { DecisionMode, PolicyRuleMode, PolicyView } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'

import { mayChangePolicies, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { Answer } from '../../components/answer.js'
import { HostileText } from '../../components/hostile-text.js'
import { BackLink, Section, useTitle } from '../../components/page-title.js'
import { SourceDiff } from '../../components/source-diff.js'
import { ModeMark, StateMark } from '../../components/state-mark.js'
import { Empty } from '../../components/states.js'
import { plural } from '../../lib/format.js'
import { standingOf } from '../../lib/policies.js'
import { ModeDialog } from './mode-dialog.js'
import { Preview } from './preview.js'
import { RuleModes } from './rule-modes.js'

const Head = ({ policy, onMode }: { readonly policy: PolicyView; readonly onMode: (mode: DecisionMode) => void }) => {
  const operator = useOperator()
  const next = policy.mode === 'enforce' ? 'observe' : 'enforce'
  return (
    <div className="mb-9">
      {policy.problem === null ? <ModeMark mode={policy.mode} /> : <StateMark tone="bad" word="Broken" />}
      <h1 className="mt-2 max-w-[48ch] text-[clamp(1.4rem,3vw,2.05rem)] leading-tight font-semibold tracking-[-0.015em] text-balance wrap-anywhere">
        <HostileText text={policy.title} limit={200} />
      </h1>
      <p className="mt-2 max-w-[75ch] text-ink-2 wrap-anywhere">
        <HostileText text={policy.description} limit={1_000} />
      </p>
      <p className="mt-2 text-[0.87rem] text-ink-3 wrap-anywhere">
        <HostileText text={policy.id} limit={80} className="font-mono" /> · asked as number {policy.order} ·{' '}
        {policy.origin === 'builtin' ? 'built in' : <HostileText text={policy.origin} limit={200} />}
      </p>
      {policy.problem === null ? null : (
        <p className="alarm mt-4">
          <span className="font-semibold text-critical">It does nothing: </span>
          <HostileText text={policy.problem} limit={500} />
        </p>
      )}
      {mayChangePolicies(operator) && policy.problem === null ? (
        <button type="button" className="button mt-5" onClick={() => onMode(next)}>
          {next === 'enforce' ? 'Enforce all of it…' : 'Only observe all of it…'}
        </button>
      ) : null}
    </div>
  )
}

const Words = ({ policy }: { readonly policy: PolicyView }) => (
  <Section id="words" title="What it does">
    {policy.inWords.length === 0 ? (
      <p className="py-2 text-ink-2">Nothing: it names no act.</p>
    ) : (
      <ul className="grid gap-1.5 py-2">
        {policy.inWords.map((sentence) => (
          <li key={sentence} className="flex gap-2.5">
            <span aria-hidden className="text-ink-3">
              –
            </span>
            <span className="max-w-[75ch] wrap-anywhere">
              <HostileText text={sentence} limit={400} />
            </span>
          </li>
        ))}
      </ul>
    )}
  </Section>
)

const Source = ({ policy }: { readonly policy: PolicyView }) => (
  <>
    {policy.builtinSource === null ? null : (
      <Section id="diff" title="What is changed">
        <SourceDiff before={policy.builtinSource} after={policy.source} names={['the built-in one', 'Your file']} />
      </Section>
    )}
    <Section id="source" title="Its source">
      <pre
        className="mt-2 max-h-[32rem] overflow-auto border border-line bg-sunken p-3 font-mono text-[0.8rem]"
        tabIndex={0}
        role="region"
        aria-label="Source of the policy"
      >
        <HostileText text={policy.source} limit={20_000} lines />
      </pre>
    </Section>
  </>
)

const Detail = ({ policy }: { readonly policy: PolicyView }) => {
  const [changing, setChanging] = useState<{ readonly mode: DecisionMode; readonly rule?: PolicyRuleMode }>()
  const { ready } = standingOf(policy)
  // the same for good: columns made anew take the button away that the focus goes back to
  const changeRule = useCallback((rule: PolicyRuleMode, mode: DecisionMode) => setChanging({ mode, rule }), [])
  return (
    <>
      <Head policy={policy} onMode={(mode) => setChanging({ mode })} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-10">
        <Words policy={policy} />
        <Section
          id="rules"
          title="Its rules"
          aside={ready === 0 ? plural(policy.rules.length, 'rule') : <strong>{plural(ready, 'rule')} ready to enforce</strong>}
        >
          <RuleModes policy={policy} onChange={changeRule} />
        </Section>
        <Preview policy={policy} />
        <Source policy={policy} />
      </div>
      {changing === undefined ? null : <ModeDialog policy={policy} {...changing} onClose={() => setChanging(undefined)} />}
    </>
  )
}

/** One policy: what it does in words, how each rule is answered and why not more, what it would have done, what was changed of it. */
export const PolicyPage = ({ id }: { readonly id: string }) => {
  const query = useQuery({ queryKey: ['policies'], queryFn: ({ signal }) => respond.policies(signal) })
  const policy = query.data?.items.find((known) => known.id === id)
  useTitle(policy?.title ?? 'Policy')
  return (
    <>
      <BackLink href="/policies">Policies</BackLink>
      {policy === undefined ? <h1 className="sr-only">Policy</h1> : null}
      <Answer query={query} what="the policy" rows={8}>
        {() =>
          policy === undefined ? (
            <Empty title="There is no such policy">It may have been renamed or taken away.</Empty>
          ) : (
            <Detail policy={policy} />
          )
        }
      </Answer>
    </>
  )
}
