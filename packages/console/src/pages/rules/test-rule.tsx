import type { Alert, RuleTestResult } from '@parapet/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { detect } from '../../app/detect-api.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Section } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { Moment } from '../../components/time.js'
import { count, plural, spanInWords } from '../../lib/format.js'

const DAY = 86_400_000
const SPANS = [1, 7, 30] as const
const LINES = 20

const Line = ({ alert }: { readonly alert: Alert }) => (
  <li className="border-b border-line py-1.5">
    <div className="flex flex-wrap items-baseline gap-x-4 text-[0.93rem] text-ink-2">
      <Moment at={alert.last} />
      <LevelMark level={alert.rule.level} />
      <span>×&thinsp;{count(alert.count)}</span>
    </div>
    <p className="wrap-anywhere">
      <HostileText text={alert.why} limit={200} />
    </p>
  </li>
)

const Result = ({ result }: { readonly result: RuleTestResult }) => (
  <div className={result.whole ? '' : 'border-l-3 border-medium pl-3'}>
    <p className="font-medium">
      {plural(result.alerts.length, 'alert')} from {plural(result.events, 'event')}
    </p>
    <p className="text-[0.93rem] text-ink-2">
      {result.whole ? '' : 'It stopped at the most events that one test looks at; there were more. '}
      Since <Moment at={result.since} />, in {result.ms < 1_000 ? `${Math.round(result.ms)} ms` : spanInWords(result.ms)}. Nothing was kept.
    </p>
    {result.alerts.length === 0 ? null : (
      <ol aria-label="Alerts that it would have made" className="mt-1">
        {result.alerts.slice(0, LINES).map((alert) => (
          <Line key={alert.id} alert={alert} />
        ))}
      </ol>
    )}
    {result.alerts.length > LINES ? <p className="mt-1 text-ink-3">and {count(result.alerts.length - LINES)} more</p> : null}
  </div>
)

/** Runs the rule alone over stored events; nothing is kept and nobody is blocked. */
export const TestRule = ({ id, broken }: { readonly id: string; readonly broken: boolean }) => {
  const [days, setDays] = useState(7)
  const test = useMutation({ mutationFn: () => detect.testRule(id, Date.now() - days * DAY) })
  return (
    <Section id="test" title="Test against history">
      <form
        className="flex flex-wrap items-center gap-2 py-2"
        onSubmit={(event) => {
          event.preventDefault()
          test.mutate()
        }}
      >
        <label className="block">
          <span className="sr-only">How far back</span>
          <select className="field" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {SPANS.map((span) => (
              <option key={span} value={span}>
                {span === 1 ? 'The last day' : `The last ${span} days`}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="button min-h-9!" disabled={test.isPending || broken}>
          {test.isPending ? 'Running…' : 'Run'}
        </button>
        {broken ? <span className="text-ink-2">It cannot run as it is.</span> : null}
      </form>
      <div aria-live="polite">
        {test.error === null ? null : <Failure error={test.error} compact />}
        {test.data === undefined ? null : <Result result={test.data} />}
      </div>
    </Section>
  )
}
