/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a drawing made here, not a file */
import type { Overview } from '@parapet/core'

import { LevelMark } from '../../components/level-mark.js'
import { Section } from '../../components/page-title.js'
import { bars, chartInWords } from '../../lib/chart.js'
import { bothTimes, clockTime, count, plural } from '../../lib/format.js'
import { LEVELS_DOWN } from '../../lib/levels.js'

const WIDTH = 480
const TOP = 34
const BOTTOM = 92
const BASE = TOP + BOTTOM + 6

const hourOf = (at: number): string => clockTime(at).slice(0, 5)

const Plot = ({ hours }: { readonly hours: Overview['last24h']['hours'] }) => {
  const step = WIDTH / Math.max(1, hours.length)
  const width = step - 4
  return (
    <svg viewBox={`0 0 ${WIDTH} ${BASE + 22}`} className="block w-full" role="img" aria-label={chartInWords(hours, hourOf)}>
      <line x1="0" x2={WIDTH} y1={TOP + 0.5} y2={TOP + 0.5} stroke="var(--line)" />
      <line x1="0" x2={WIDTH} y1={BASE + 0.5} y2={BASE + 0.5} stroke="var(--edge)" />
      {bars(hours).map((bar, index) => (
        <g key={bar.at}>
          <title>{`${bothTimes(bar.at)}\n${plural(bar.events, 'event')}, ${plural(bar.alerts, 'alert')}`}</title>
          <rect x={index * step} y="0" width={step} height={BASE} fill="transparent" />
          <rect
            className="bar-alerts"
            x={index * step + 2}
            y={TOP - bar.alertShare * (TOP - 4)}
            width={width}
            height={bar.alertShare * (TOP - 4)}
          />
          <rect
            className="bar-events"
            x={index * step + 2}
            y={BASE - bar.eventShare * BOTTOM}
            width={width}
            height={bar.eventShare * BOTTOM}
          />
          {index % 6 === 0 ? (
            <text x={index * step + 2} y={BASE + 16} fontSize="12.5" fill="var(--ink-3)">
              {hourOf(bar.at)}
            </text>
          ) : null}
        </g>
      ))}
    </svg>
  )
}

/** The last day: events and alerts by hour, alerts by level. The same numbers stand in a table for those who want them. */
export const DayChart = ({ last24h }: { readonly last24h: Overview['last24h'] }) => (
  <Section
    id="last-24h"
    title="Last 24 hours"
    aside={
      <span className="flex gap-3">
        <span className="flex items-center gap-1.5">
          <span className="size-2.5 bg-critical" aria-hidden />
          alerts
        </span>
        <span className="flex items-center gap-1.5">
          <span className="size-2.5 bg-ink-3/45" aria-hidden />
          events
        </span>
      </span>
    }
  >
    <div className="pt-3">
      <Plot hours={last24h.hours} />
    </div>
    <details className="mt-1 text-[0.93rem]">
      <summary className="w-fit text-ink-2 hover:text-ink">The same as a table</summary>
      <table className="table mt-2 max-w-xs">
        <thead>
          <tr>
            <th scope="col">Hour from</th>
            <th scope="col" data-align="end">
              Events
            </th>
            <th scope="col" data-align="end">
              Alerts
            </th>
          </tr>
        </thead>
        <tbody>
          {last24h.hours.map((hour) => (
            <tr key={hour.at}>
              <td>
                <time dateTime={new Date(hour.at).toISOString()} title={bothTimes(hour.at)}>
                  {hourOf(hour.at)}
                </time>
              </td>
              <td data-align="end">{count(hour.events)}</td>
              <td data-align="end">{count(hour.alerts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
    <dl
      className="mt-4 grid grid-cols-[repeat(auto-fit,minmax(5.4rem,1fr))] gap-x-3 gap-y-2 border-t border-line pt-3"
      aria-label="Alerts by level"
    >
      {LEVELS_DOWN.map((level) => (
        <div key={level} className="flex flex-col-reverse">
          <dt className="text-[0.87rem]">
            <LevelMark level={level} />
          </dt>
          <dd className={`text-2xl font-medium tracking-tight ${last24h.alerts[level] === 0 ? 'text-ink-3' : ''}`}>
            {count(last24h.alerts[level])}
          </dd>
        </div>
      ))}
    </dl>
  </Section>
)
