import type { EnforcerView } from '@parapet/core'
import { TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'

import { HostileText } from '../../components/hostile-text.js'
import { Facts } from '../../components/page-title.js'
import { ModeMark, StateMark } from '../../components/state-mark.js'
import { Ago, Moment } from '../../components/time.js'
import { actionsInWords, ENFORCER_STATE, ENFORCER_WORDS, enforcerKey, holding } from '../../lib/enforcers.js'
import { count, plural } from '../../lib/format.js'

const WIDTH = 120

/** What it holds of what it should, as a bar: the gap is what is missing. */
const Held = ({ enforcer }: { readonly enforcer: EnforcerView }) => {
  const { words, share } = holding(enforcer)
  const whole = share === 1
  return (
    <>
      <span className={whole || share === null ? '' : 'font-semibold text-critical'}>{words}</span>
      {share === null ? null : (
        <svg viewBox={`0 0 ${WIDTH} 5`} width={WIDTH} height="5" aria-hidden className="mt-1 block">
          <rect width={WIDTH} height="5" rx="2.5" className={whole ? 'fill-line' : 'fill-critical'} />
          <rect width={Math.round(WIDTH * share * 100) / 100} height="5" rx="2.5" className={whole ? 'fill-accent' : 'fill-ink-3'} />
        </svg>
      )}
    </>
  )
}

const millis = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)

const Refused = ({ refused }: { readonly refused: EnforcerView['refused'] }) =>
  refused.length === 0 ? null : (
    <details className="mt-2">
      <summary className="w-fit">
        <span className="font-medium text-high">{plural(refused.length, 'decision')} not carried out</span>
      </summary>
      <ul className="mt-1 border-t border-line">
        {refused.map(({ id, reason }) => (
          <li key={id} className="border-b border-line py-1 wrap-anywhere">
            <Link href={`/decisions/${encodeURIComponent(id)}`} className="link">
              The decision
            </Link>
            : <HostileText text={reason} limit={200} />
          </li>
        ))}
      </ul>
    </details>
  )

const Repairs = ({ repairs }: { readonly repairs: EnforcerView['repairs'] }) =>
  repairs.length === 0 ? null : (
    <details className="mt-2">
      <summary className="w-fit">
        <span className="font-medium">Put right {repairs.length === 1 ? 'once' : plural(repairs.length, 'time')}</span>
        <span className="text-ink-2">
          {', '}last {repairs[0] === undefined ? null : <Ago at={repairs[0].at} />}
        </span>
      </summary>
      <ol className="mt-1 border-t border-line">
        {repairs.map(({ at, what }) => (
          <li key={`${at} ${what}`} className="grid gap-x-4 border-b border-line py-1 sm:grid-cols-[9rem_1fr]">
            <span className="text-ink-2">
              <Moment at={at} />
            </span>
            <span className="wrap-anywhere">
              <HostileText text={what} limit={200} />
            </span>
          </li>
        ))}
      </ol>
    </details>
  )

/** One enforcer: how it stands, what it holds, what it did about differences, what it leaves undone. */
export const Enforcer = ({ enforcer }: { readonly enforcer: EnforcerView }) => {
  const { latencyMs } = enforcer
  const bad = enforcer.state === 'trouble' || enforcer.state === 'drift'
  return (
    <li
      data-row={enforcerKey(enforcer)}
      tabIndex={-1}
      className={`border-b border-edge py-4 ${bad ? 'border-l-3 border-l-critical pl-3 sm:pl-4' : ''}`}
    >
      <div className="flex flex-wrap items-baseline gap-x-5 gap-y-1">
        <StateMark {...ENFORCER_STATE[enforcer.state]} className="w-24" />
        <h2 className="min-w-0 text-[1.05rem] font-semibold wrap-anywhere">
          {ENFORCER_WORDS[enforcer.kind].name} <span className="font-normal text-ink-2">of</span>{' '}
          <HostileText text={enforcer.source.name} limit={60} />
        </h2>
        <ModeMark mode={enforcer.mode} acts />
        <span className="text-[0.93rem] text-ink-3 wrap-anywhere">
          <HostileText text={enforcer.instance} limit={60} expandable={false} /> · version{' '}
          <HostileText text={enforcer.version} limit={30} expandable={false} />
        </span>
      </div>
      {enforcer.trouble === null ? null : (
        <p className="alarm mt-2 flex gap-2 font-medium">
          <TriangleAlert size={16} aria-hidden className="mt-0.5 shrink-0 text-critical" />
          <span className="min-w-0 wrap-anywhere">
            <HostileText text={enforcer.trouble} limit={300} />
          </span>
        </p>
      )}
      <div className="mt-2.5">
        <Facts
          facts={[
            [enforcer.mode === 'observe' ? 'Would hold' : 'Holds', <Held key="held" enforcer={enforcer} />],
            [
              'Looked',
              <span key="looked" className={enforcer.checkedAt === null ? 'text-ink-3' : ''}>
                {enforcer.checkedAt === null ? 'cannot look' : <Ago at={enforcer.checkedAt} />}
              </span>,
            ],
            [
              'Revision',
              <span key="revision">
                {count(enforcer.revision)}
                {enforcer.behind === 0 ? null : <span className="font-medium text-medium">, {count(enforcer.behind)} behind</span>}
              </span>,
            ],
            [
              'Until it has effect',
              <span key="latency">
                {latencyMs === null ? <span className="text-ink-3">not known yet</span> : millis(latencyMs.p50)}
                {latencyMs === null ? null : (
                  <>
                    <span className="text-ink-3">; 99 % within</span> {millis(latencyMs.p99)}
                  </>
                )}
              </span>,
            ],
            [
              'Reported',
              <span key="reported" className={enforcer.state === 'silent' ? 'font-medium text-high' : ''}>
                <Ago at={enforcer.receivedAt} />
              </span>,
            ],
          ]}
        />
      </div>
      {enforcer.cannot.length === 0 ? null : (
        <p className="mt-2 text-[0.93rem] text-ink-2">
          <span className="font-medium">It cannot</span> {actionsInWords(enforcer.cannot)}.
        </p>
      )}
      <Refused refused={enforcer.refused} />
      <Repairs repairs={enforcer.repairs} />
    </li>
  )
}
